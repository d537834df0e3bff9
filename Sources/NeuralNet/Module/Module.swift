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
/// ```
open class Module {
  /// Whether the module behaves as in training; see `train()` and `eval()`.
  public internal(set) var isTraining = true
  /// What users want called with the results of this module.
  var forwardHooks: [ForwardHook] = []

  /// A module in training mode.
  public init() {}

  /// The modules that this one holds directly, with their names.
  ///
  /// Found by reflection: stored properties, arrays of modules, optionals. Containers override it.
  open func namedChildren() -> [(name: String, module: Module)] {
    storedProperties.flatMap { name, value -> [(String, Module)] in
      switch value {
      case let module as Module: [(name, module)]
      case let modules as [Module]:
        modules.enumerated().map { ("\(name).\($0.offset)", $0.element) }
      default: []
      }
    }
  }

  /// The tensors that this module holds directly, with their names.
  ///
  /// Found by reflection as the modules are. Override it where the names are no properties.
  open func namedOwnTensors() -> [(name: String, tensor: Tensor)] {
    storedProperties.flatMap { name, value -> [(String, Tensor)] in
      switch value {
      case let tensor as Tensor: [(name, tensor)]
      case let tensors as [Tensor]:
        tensors.enumerated().map { ("\(name).\($0.offset)", $0.element) }
      default: []
      }
    }
  }

  /// Stored properties, those of superclasses first; optionals without a value are left out.
  private var storedProperties: [(name: String, value: Any)] {
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.insert(current, at: 0)
      mirror = current.superclassMirror
    }
    return mirrors.flatMap(\.children).compactMap { child in
      guard let name = child.label.map(stateName(of:)) else { return nil }
      let value = Mirror(reflecting: child.value)
      guard value.displayStyle == .optional else { return (name, child.value) }
      return value.children.first.map { (name, $0.value) }
    }
  }
}
