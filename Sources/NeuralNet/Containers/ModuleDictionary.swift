import Diagnostics

/// Modules by name, held by reference, in the order in which the names were first used.
///
/// The names are used in paths as they are; they may not be empty or contain a full stop.
public final class ModuleDictionary<Element: Module>: Module, Sequence,
  ExpressibleByDictionaryLiteral
{
  private var modules: [(name: String, module: Element)] = []

  /// The modules in `modules`, in that order. Stops for a name that cannot be part of a path.
  public init(_ modules: [(String, Element)] = []) {
    super.init()
    for (name, module) in modules { self[name] = module }
  }

  /// The modules in `elements`, in that order.
  public convenience init(dictionaryLiteral elements: (String, Element)...) {
    self.init(elements)
  }

  /// The modules with their names.
  public override func namedChildren() -> [(name: String, module: Module)] {
    modules.map { ($0.name, $0.module) }
  }

  /// How many modules there are.
  public var count: Int { modules.count }

  /// The names in order.
  public var keys: [String] { modules.map(\.name) }

  /// The modules in order.
  public var values: [Element] { modules.map(\.module) }

  /// The modules with their names, in order.
  public func makeIterator() -> IndexingIterator<[(name: String, module: Element)]> {
    modules.makeIterator()
  }

  /// The module called `name`; nil where there is none, and to remove it.
  public subscript(name: String) -> Element? {
    get { modules.first { $0.name == name }?.module }
    set {
      check(
        !name.isEmpty && !name.contains("."),
        "ModuleDictionary: the name \"\(name)\" cannot be part of a path")
      let position = modules.firstIndex { $0.name == name }
      switch (position, newValue) {
      case (let position?, let module?): modules[position].module = module
      case (let position?, nil): modules.remove(at: position)
      case (nil, let module?): modules.append((name, module))
      case (nil, nil): break
      }
    }
  }
}
