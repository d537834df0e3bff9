import Diagnostics

/// Modules in a row, held by reference: what is in the list is found as `0`, `1`, ….
///
/// A sequence and not a collection: positions always count from 0, also in what `list[1...]`
/// returns.
public final class ModuleList<Element: Module>: Module, Sequence, ExpressibleByArrayLiteral {
  private var modules: [Element]

  /// The modules in `modules`.
  public init(_ modules: [Element] = []) { self.modules = modules }

  /// The modules in `elements`.
  public convenience init(arrayLiteral elements: Element...) { self.init(elements) }

  /// The modules with their positions as names.
  public override func namedChildren() -> [(name: String, module: Module)] {
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

  /// Every `step`-th module from position `start` up to, but not including, `end`; negative
  /// positions count from the end, nil means all the way. The modules are shared.
  public subscript(from start: Int? = nil, to end: Int? = nil, by step: Int = 1) -> ModuleList {
    check(step > 0, "ModuleList: a slice with step \(step); it must be positive")
    func bound(_ index: Int) -> Int {
      Swift.min(Swift.max(index < 0 ? index + count : index, 0), count)
    }
    let positions = stride(from: bound(start ?? 0), to: bound(end ?? count), by: step)
    return ModuleList(positions.map { modules[$0] })
  }

  /// Adds `module` at the end.
  public func append(_ module: Element) { modules.append(module) }

  /// Adds `modules` at the end.
  public func append(contentsOf modules: some Sequence<Element>) {
    self.modules.append(contentsOf: modules)
  }

  /// Puts `module` before position `index`; at `count`, at the end.
  public func insert(_ module: Element, at index: Int) {
    let position = index < 0 ? index + count : index
    check(
      position >= 0 && position <= count,
      "ModuleList: no position \(index) to insert at in a list of \(count)")
    modules.insert(module, at: position)
  }

  private func position(_ index: Int) -> Int {
    let position = index < 0 ? index + count : index
    check(
      position >= 0 && position < count,
      "ModuleList: no position \(index) in a list of \(count)")
    return position
  }
}
