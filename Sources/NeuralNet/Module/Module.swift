public import TensorCore

/// A part of a network: what holds parameters and other modules.
///
/// Subclass it and declare tensors and modules as stored properties; they are found without
/// annotations. The path of properties, spelled as `stateName(of:)` says, is the name of a tensor
/// (`hidden.0.weight`), and its key in a checkpoint. A tensor with `requiresGrad`, or one whose
/// `requiresGrad` was turned off, is a parameter; any other is a buffer.
///
/// ```swift
/// final class Classifier: Module, Layer {
///   let hidden = Linear(784, 512)
///   let head = Linear(512, 10)
///   func forward(_ x: Tensor) -> Tensor { head(relu(hidden(x))) }
/// }
///
/// let model = Classifier()
/// let scores = model(Tensor.zeros([64, 784]))         // [64, 10]
/// for (name, tensor) in model.namedParameters() {
///   print(name, tensor.shape)                         // hidden.weight [512, 784], …
/// }
/// ```
open class Module {
  /// Whether the module behaves as in training; see `train()` and `eval()`.
  public internal(set) var isTraining = true
  /// What users want called with the results of this module.
  var forwardHooks: [ForwardHook] = []

  /// Whether `convert(to:)` leaves this module's own parameters in float32.
  ///
  /// True for norms, whose statistics need the precision. Override it where a module of yours does.
  open var keepsFloat32: Bool { false }

  /// A module in training mode.
  public init() {}

  /// The modules that this one holds directly, with their names.
  ///
  /// Found by reflection: stored properties, and what is in arrays, tuples, optionals and
  /// dictionaries with strings as keys, those in the order of the keys. Containers override it.
  open func namedChildren() -> [(name: String, module: Module)] {
    storedParts.compactMap { name, part in (part as? Module).map { (name, $0) } }
  }

  /// The tensors that this module holds directly, with their names.
  ///
  /// Found by reflection as the modules are. Override it where the names are no properties.
  open func namedOwnTensors() -> [(name: String, tensor: Tensor)] {
    storedParts.compactMap { name, part in (part as? Tensor).map { (name, $0) } }
  }

  /// The tensors and modules in stored properties, those of superclasses first.
  private var storedParts: [(name: String, part: AnyObject)] {
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.insert(current, at: 0)
      mirror = current.superclassMirror
    }
    return mirrors.flatMap(\.children).flatMap { child in
      child.label.map { parts(of: child.value, stateName(of: $0)) } ?? []
    }
  }

  /// The tensors and modules in `value`, which is called `name`.
  private func parts(of value: Any, _ name: String) -> [(name: String, part: AnyObject)] {
    if let tensor = value as? Tensor { return [(name, tensor)] }
    if let module = value as? Module { return [(name, module)] }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.first.map { parts(of: $0.value, name) } ?? []
    case .collection where mirror.children.first.map { mayHoldParts($0.value) } ?? false:
      return mirror.children.enumerated().flatMap {
        parts(of: $0.element.value, "\(name).\($0.offset)")
      }
    case .tuple:
      return mirror.children.enumerated().flatMap { index, child in
        let label = child.label.flatMap { $0.hasPrefix(".") ? nil : stateName(of: $0) }
        return parts(of: child.value, "\(name).\(label ?? "\(index)")")
      }
    case .dictionary:
      guard let entries = value as? [String: Any] else { return [] }
      return entries.sorted { $0.key < $1.key }
        .flatMap { parts(of: $0.value, "\(name).\($0.key)") }
    default:
      return []
    }
  }

  /// Whether a collection with this element is worth looking through: not one of a million numbers.
  private func mayHoldParts(_ element: Any) -> Bool {
    if element is Tensor || element is Module { return true }
    switch Mirror(reflecting: element).displayStyle {
    case .optional, .collection, .tuple, .dictionary: return true
    default: return false
    }
  }
}
