public import TensorCore

extension Module {
  /// The modules that this one holds directly, each once.
  public func children() -> [Module] { distinct(namedChildren().map(\.module)) { $0 } }

  /// This module, with the empty name, and all below it with their paths: a module before what it
  /// holds, each once under the first path that leads to it.
  public func namedModules() -> [(name: String, module: Module)] {
    distinct(allPaths()) { $0.module }
  }

  /// This module and all below it, each once.
  public func modules() -> [Module] { namedModules().map(\.module) }

  /// Calls `body` with every module below this one and then with this one; each once, a module
  /// after what it holds.
  public func apply(_ body: (Module) -> Void) {
    var seen = Set<ObjectIdentifier>()
    applyOnce(body, &seen)
  }

  private func applyOnce(_ body: (Module) -> Void, _ seen: inout Set<ObjectIdentifier>) {
    guard seen.insert(ObjectIdentifier(self)).inserted else { return }
    for child in children() { child.applyOnce(body, &seen) }
    body(self)
  }

  private func allPaths() -> [(name: String, module: Module)] {
    [("", self)]
      + namedChildren().flatMap { name, child in
        child.allPaths().map { ($0.name.isEmpty ? name : "\(name).\($0.name)", $0.module) }
      }
  }

  /// Puts this module and all below it in training mode, or with `false` in evaluation mode.
  ///
  /// Dropout and batch normalisation behave by the mode. Recording for gradients does not: that is
  /// turned off by `noGrad`.
  public func train(_ isTraining: Bool = true) {
    for module in modules() { module.isTraining = isTraining }
  }

  /// Puts this module and all below it in evaluation mode; see `train(_:)`.
  public func eval() { train(false) }
}

extension Module {
  /// Every tensor of this module and those below it with its path, in the order of declaration.
  ///
  /// A tensor that is held in several places (tied weights) appears once for each path.
  public func namedTensors() -> [(name: String, tensor: Tensor)] {
    namedOwnTensors()
      + namedChildren().flatMap { name, module in
        module.namedTensors().map { ("\(name).\($0.name)", $0.tensor) }
      }
  }

  /// The tensors that are trained, each once under the first path that leads to it. Frozen ones are
  /// not among them.
  public func namedParameters() -> [(name: String, tensor: Tensor)] {
    distinct(namedTensors()) { $0.tensor }.filter { $0.tensor.requiresGrad }
  }

  /// The tensors that are trained; hand them to an optimiser.
  ///
  /// Found by reflection anew in every call: keep the result where it is needed in every step.
  public func parameters() -> [Tensor] { namedParameters().map(\.tensor) }

  /// The tensors that are part of the state but no parameters, such as running statistics; each
  /// once.
  public func namedBuffers() -> [(name: String, tensor: Tensor)] {
    distinct(namedTensors()) { $0.tensor }
      .filter { !$0.tensor.requiresGrad && !$0.tensor.isFrozen }
  }

  /// The tensors that are part of the state but no parameters.
  public func buffers() -> [Tensor] { namedBuffers().map(\.tensor) }

  /// Turns gradients off for the parameters of this module and those below it: they keep their
  /// values until `unfreeze()`.
  ///
  /// A frozen parameter is none of `parameters()`, and no buffer either; an optimiser that holds it
  /// leaves it alone. What is frozen when an optimiser is made, or gradients are averaged over
  /// ranks, is not known to them, and would have to be made known after `unfreeze()`.
  public func freeze() {
    for parameter in parameters() { parameter.requiresGrad = false }
  }

  /// Turns gradients on again for parameters that were frozen, by `freeze()` or one by one.
  public func unfreeze() {
    for (_, tensor) in namedTensors() where tensor.isFrozen { tensor.requiresGrad = true }
  }
}

/// `elements` without those whose object was there before.
private func distinct<Element>(
  _ elements: [Element], _ object: (Element) -> some AnyObject
) -> [Element] {
  var seen = Set<ObjectIdentifier>()
  return elements.filter { seen.insert(ObjectIdentifier(object($0))).inserted }
}
