public import TensorCore

/// A part of a network: what holds parameters and other modules.
///
/// Subclass it and declare tensors and modules as stored properties; they are found without
/// annotations. The path of properties is the name of a tensor (`hidden.0.weight`), and its key in
/// a checkpoint. A tensor with `requiresGrad` is a parameter; one without is a buffer.
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
  public private(set) var isTraining = true

  /// A module in training mode.
  public init() {}

  /// The modules that this one holds directly, with the names of the properties that hold them.
  ///
  /// Found by reflection; containers override it.
  open var children: [(name: String, module: Module)] {
    storedProperties.flatMap { label, value -> [(String, Module)] in
      switch value {
      case let module as Module: [(label, module)]
      case let modules as [Module]:
        modules.enumerated().map { ("\(label).\($0.offset)", $0.element) }
      default: []
      }
    }
  }

  /// The tensors that this module holds directly, with the names of the properties that hold them.
  private var ownTensors: [(name: String, tensor: Tensor)] {
    storedProperties.flatMap { label, value -> [(String, Tensor)] in
      switch value {
      case let tensor as Tensor: [(label, tensor)]
      case let tensors as [Tensor]:
        tensors.enumerated().map { ("\(label).\($0.offset)", $0.element) }
      default: []
      }
    }
  }

  /// Stored properties, those of superclasses first; optionals without a value are left out.
  private var storedProperties: [(label: String, value: Any)] {
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.insert(current, at: 0)
      mirror = current.superclassMirror
    }
    return mirrors.flatMap(\.children).compactMap { child in
      guard let label = child.label else { return nil }
      let value = Mirror(reflecting: child.value)
      guard value.displayStyle == .optional else { return (label, child.value) }
      return value.children.first.map { (label, $0.value) }
    }
  }
}

extension Module {
  /// Every tensor of this module and those below it with its path, in the order of declaration.
  ///
  /// A tensor that is held in several places (tied weights) appears once for each path.
  public func namedTensors() -> [(name: String, tensor: Tensor)] {
    ownTensors
      + children.flatMap { name, module in
        module.namedTensors().map { ("\(name).\($0.name)", $0.tensor) }
      }
  }

  /// The tensors that are trained, each once under the first path that leads to it.
  public func namedParameters() -> [(name: String, tensor: Tensor)] {
    var seen = Set<ObjectIdentifier>()
    return namedTensors().filter {
      $0.tensor.requiresGrad && seen.insert(ObjectIdentifier($0.tensor)).inserted
    }
  }

  /// The tensors that are trained; hand them to an optimiser.
  public func parameters() -> [Tensor] { namedParameters().map(\.tensor) }

  /// The tensors that are part of the state but not trained, such as running statistics.
  public func namedBuffers() -> [(name: String, tensor: Tensor)] {
    namedTensors().filter { !$0.tensor.requiresGrad }
  }

  /// Puts this module and all below it in training mode, or with `false` in evaluation mode.
  public func train(_ isTraining: Bool = true) {
    self.isTraining = isTraining
    for child in children { child.module.train(isTraining) }
  }

  /// Puts this module and all below it in evaluation mode.
  public func eval() { train(false) }
}
