import Diagnostics

/// Modules in a row, held by reference: what is in the list is found as `0`, `1`, ….
///
/// A sequence and not a collection: positions always count from 0, also in what `list[1...]` returns.
public final class ModuleList<Element: Module>: Module, Sequence, ExpressibleByArrayLiteral {
  private var modules: [Element]

  /// The modules in `modules`.
  public init(_ modules: [Element] = []) { self.modules = modules }

  /// The modules in `elements`.
  public convenience init(arrayLiteral elements: Element...) { self.init(elements) }

  /// The modules with their positions as names.
  public override var children: [(name: String, module: Module)] {
    modules.enumerated().map { (String($0.offset), $0.element) }
  }

  /// How many modules there are.
  public var count: Int { modules.count }

  /// The modules in order.
  public func makeIterator() -> IndexingIterator<[Element]> { modules.makeIterator() }

  /// The module at `index`; negative ones count from the end.
  public subscript(index: Int) -> Element {
    get { modules[position(index)] }
    set { modules[position(index)] = newValue }
  }

  /// A new list of the modules at the positions in `range`; the modules are shared.
  public subscript(range: some RangeExpression<Int>) -> ModuleList {
    let range = range.relative(to: modules)
    check(
      range.lowerBound >= 0 && range.upperBound <= count,
      "ModuleList: positions \(range) of a list of \(count)")
    return ModuleList(Array(modules[range]))
  }

  /// Adds `module` at the end.
  public func append(_ module: Element) { modules.append(module) }

  private func position(_ index: Int) -> Int {
    let position = index < 0 ? index + count : index
    check(
      position >= 0 && position < count,
      "ModuleList: no position \(index) in a list of \(count)")
    return position
  }
}
