import Diagnostics
import Kernels
public import TensorCore

/// What an optimiser trains, and what it keeps of each parameter from step to step.
///
/// The state tensors of one name lie in one flat block, in the order of the parameters, each on a
/// cache line of its own. They are there from the start, so that no step allocates. A Float16
/// parameter has one more, its Float32 `master`, which is what the optimiser changes.
public final class OptimizerMemory {
  /// The optimiser's name, for messages and saved states.
  public let optimizer: String
  /// What is trained, in groups.
  public let groups: [ParameterGroup]
  /// What is trained, group by group.
  public let parameters: [Tensor]
  /// The names of the tensors that are kept of every parameter, such as `exp_avg`.
  public let stateNames: [String]
  /// The size of a step, before the scale of a group; must not be negative.
  public var learningRate: Float {
    didSet { requireNotNegative(optimizer, ("learning rate", learningRate)) }
  }
  /// How many times each parameter has been updated.
  public internal(set) var steps: [Int]
  /// One flat tensor for each of `stateNames`.
  package let arenas: [Tensor]
  /// Whether a parameter may be updated a block at a time.
  let isElementwise: Bool
  private let masters: MasterWeights
  private let tensors: [[Tensor]]
  private let groupIndices: [Int]

  /// Memory for training `elements`, which are tensors or groups of them.
  ///
  /// Stops unless every parameter is a contiguous float leaf that requires a gradient and is named
  /// once, and if a group has options that the optimiser does not accept.
  ///
  /// - Parameters:
  ///   - optimizer: the optimiser's name.
  ///   - state: the names of the tensors to keep of every parameter; they get the parameter's
  ///     shape.
  ///   - initialValue: what their elements are before the first step.
  ///   - isElementwise: whether the update of an element depends on no other element of the
  ///     parameter; a large Float16 parameter is then updated a block at a time, in the cache.
  ///   - options: the options of groups, besides rate and decay, that the optimiser heeds.
  public init<Element: Trainable>(
    _ elements: [Element], optimizer: String, learningRate: Float, state: [String] = [],
    initialValue: Float = 0, isElementwise: Bool = false, accepting options: GroupOptions = []
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.isElementwise = isElementwise
    groups = Element.groups(of: elements)
    parameters = groups.flatMap(\.parameters)
    groupIndices = groups.enumerated().flatMap { index, group in
      Array(repeating: index, count: group.parameters.count)
    }
    stateNames = state
    steps = Array(repeating: 0, count: parameters.count)
    let (offsets, total) = flatOffsets(of: parameters)
    masters = MasterWeights(of: parameters)
    arenas = state.map { _ in Tensor.full([total], initialValue) }
    tensors = arenas.map { [parameters] arena in
      zip(parameters, offsets).map { parameter, offset in
        arena.alias(
          shape: parameter.shape, strides: parameter.shape.contiguousStrides, offset: offset)
      }
    }
    requireNotNegative(optimizer, ("learning rate", learningRate))
    requireTrainable()
    for (index, group) in groups.enumerated() { require(group, index, accepting: options) }
  }

  private func requireTrainable() {
    check(!parameters.isEmpty, "\(optimizer): no parameters to train")
    check(
      !stateNames.contains(masterName),
      """
      \(optimizer): a state called "\(masterName)", which is that of Float16 parameters; choose \
      another name
      """)
    var seen: [ObjectIdentifier: Int] = [:]
    for (index, parameter) in parameters.enumerated() {
      let name = "\(optimizer): parameter \(index) of shape \(parameter.shape)"
      check(
        parameter.leaf != nil && parameter.isContiguous,
        "\(name) is no leaf that requires a gradient")
      let first = seen.updateValue(index, forKey: ObjectIdentifier(parameter))
      check(
        first == nil,
        "\(name) is parameter \(first ?? 0) again; name every parameter once, in one group")
    }
  }

  private func require(_ group: ParameterGroup, _ index: Int, accepting options: GroupOptions) {
    let given: [(GroupOptions, String, Bool)] = [
      (.momentum, "momentum", group.momentum != nil), (.betas, "betas", group.betas != nil),
    ]
    for (option, name, isGiven) in given where !options.contains(option) {
      check(!isGiven, "\(optimizer): group \(index) sets \(name), which \(optimizer) does not have")
    }
  }

  /// The Float32 copy of the parameter at `index`; nil where that is Float32 itself.
  func master(of index: Int) -> Tensor? { masters[index] }

  /// All state tensors of the parameter at `index`, with their names.
  func namedTensors(of index: Int) -> [(name: String, tensor: Tensor)] {
    zip(stateNames, tensors).map { ($0, $1[index]) }
      + (masters[index].map { [(masterName, $0)] } ?? [])
  }

  /// The state tensor `name` of the parameter at `index`; nil where none of that name is kept.
  func tensor(_ name: String, of index: Int) -> Tensor? {
    // A search of a few short names is quicker than a dictionary.
    stateNames.firstIndex(of: name).map { tensors[$0][index] }
  }

  func group(of index: Int) -> ParameterGroup { groups[groupIndices[index]] }
}
