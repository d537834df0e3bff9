import Diagnostics
public import TensorCore

/// Changes parameters by their gradients, in place.
///
/// ```swift
/// for (images, labels) in batches.epoch(1) {
///   optimizer.zeroGrad()
///   crossEntropy(model(images), labels).backward()
///   optimizer.step()
/// }
/// ```
///
/// A new optimiser says in `update` how one parameter changes; the rest is here.
public protocol Optimizer: AnyObject {
  /// What is trained, and what is kept of it between steps.
  var memory: OptimizerMemory { get }
  /// Changes one parameter, and its state, in place; called by `step()` under `noGrad`.
  func update(_ target: ParameterUpdate)
}

/// One parameter's turn in a step.
///
/// Of a Float16 parameter it is the Float32 master that is changed; where the optimiser said that it
/// `isElementwise`, a block of it at a time.
public struct ParameterUpdate {
  /// What to change: contiguous, of type float32.
  public let parameter: Tensor
  /// Its gradient, of the same shape and layout; not to be changed.
  public let gradient: Tensor
  /// The group that the parameter is in, for options of its own.
  public let group: ParameterGroup
  /// The size of a step, with the group's scale.
  public let learningRate: Float
  /// How many times this parameter has been updated, this time included.
  public let step: Int
  let memory: OptimizerMemory
  let index: Int
  /// The elements of the parameter that are changed; nil: all.
  var block: Range<Int>?

  /// How many elements there are to change.
  public var count: Int { parameter.count }

  /// The state tensor `name` of this parameter, of the shape of `parameter`. Stops where the optimiser keeps none
  /// of that name.
  public func state(_ name: String) -> Tensor {
    guard let tensor = stateIfKept(name) else {
      stop(
        """
        \(memory.optimizerName): keeps no state "\(name)" but \(memory.stateNames); name it to its memory
        """)
    }
    return tensor
  }

  /// The state tensor `name` of this parameter; nil where the optimiser keeps none of that name.
  public func stateIfKept(_ name: String) -> Tensor? {
    guard let block else { return memory.tensor(name, of: index) }
    return memory.tensor(name, of: index)?.elements(block)
  }
}

extension Optimizer {
  /// What is trained, group by group.
  public var parameters: [Tensor] { memory.parameters }

  /// What is trained, in groups with options of their own.
  public var groups: [ParameterGroup] { memory.groups }

  /// The size of a step; change it at any time, or let a schedule do it. Each group multiplies it
  /// by its scale.
  public var learningRate: Float {
    get { memory.learningRate }
    set { memory.learningRate = newValue }
  }

  /// Forgets all gradients: `grad` of every parameter is nil again. Without it, `backward()` adds
  /// to them.
  public func zeroGrad() {
    for parameter in parameters { parameter.grad = nil }
  }

  /// Takes one step: changes every parameter that has a gradient, and leaves the others as they
  /// are.
  ///
  /// Waits for gradients that other ranks have still to send. The first step makes the state
  /// tensors; later ones allocate nothing.
  ///
  /// Stops where gradients are those of a scaled loss, which a `GradientScaler` takes the step with.
  public func step() {
    let memory = memory
    completeGradients(of: memory.parameters)
    memory.warnUnlessAveraged()
    noGrad {
      for (index, parameter) in memory.parameters.enumerated() {
        guard let leaf = parameter.leaf, let gradient = leaf.gradient else { continue }
        let factor = leaf.gradientFactor(
          for: "Optimizer.step", instead: "step(optimizer) of its GradientScaler")
        memory.requireUnconverted(index)
        memory.steps[index] += 1
        let isFresh = memory.versions[index] == parameter.storage.version
        parameter.storage.markWritten(by: "Optimizer.step")
        memory.versions[index] = parameter.storage.version
        guard memory.isOwned(index) else { continue }
        let group = memory.group(of: index)
        func turn(_ parameter: Tensor, _ gradient: Tensor, _ block: Range<Int>?) {
          update(
            ParameterUpdate(
              parameter: parameter, gradient: gradient, group: group,
              learningRate: memory.learningRate * group.learningRateScale,
              step: memory.steps[index], memory: memory, index: index, block: block))
        }
        if let master = memory.master(of: index) {
          memory.change(
            master, of: parameter, isFresh: isFresh, by: gradient, times: factor, turn)
        } else {
          turn(parameter, gradient, nil)
        }
      }
      memory.division?.exchange()
    }
  }
}
