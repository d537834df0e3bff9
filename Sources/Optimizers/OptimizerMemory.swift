import Diagnostics
import Elements
public import TensorCore

/// What an optimiser trains, and what it keeps of each parameter from step to step.
///
/// The state tensors of one name lie in one flat block, in the order of the parameters, each on a
/// cache line of its own. The first step makes them, so that no later one allocates. A Float16
/// parameter has one more, its Float32 `master`, which is what the optimiser changes.
public final class OptimizerMemory {
  /// The optimiser's name, for messages and saved states.
  public let optimizerName: String
  /// What is trained, in groups.
  public let groups: [ParameterGroup]
  /// What is trained, group by group.
  public let parameters: [Tensor]
  /// The names of the tensors that are kept of every parameter, such as `exp_avg`.
  public let stateNames: [String]
  /// The size of a step, before the scale of a group; must not be negative.
  public var learningRate: Float {
    didSet { requireNotNegative(optimizerName, ("learning rate", learningRate)) }
  }
  /// How many times each parameter has been updated.
  public internal(set) var steps: [Int]
  /// The version of each parameter's storage after its last update; nil before the first.
  var versions: [UInt32?]
  /// Whether a parameter may be updated a block at a time.
  let isElementwise: Bool
  /// The types of the parameters when the optimiser was made.
  let dtypes: [DType]
  /// Which parameters this optimiser changes, and what to do after each step; nil: all, nothing. See
  /// `shardState(over:)`.
  package private(set) var division: Division?
  /// Whether it was looked at who averages the gradients.
  var hasLookedForAverager = false
  private let initialValue: Float
  private let groupIndices: [Int]
  private var hasState = false
  private lazy var state = makeState()

  /// What is kept of the parameters that are changed here; nil for the others.
  private struct State {
    let masters: MasterWeights
    /// For each of `stateNames`.
    let tensors: [[Tensor?]]
  }

  /// A part of the parameters, of which others change the rest.
  package struct Division {
    /// For each parameter, whether it is changed here.
    package let isOwned: [Bool]
    /// Brings in the other parameters, after each step.
    package let exchange: () -> Void

    package init(isOwned: [Bool], exchange: @escaping () -> Void) {
      self.isOwned = isOwned
      self.exchange = exchange
    }
  }

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
    self.optimizerName = optimizer
    self.learningRate = learningRate
    self.isElementwise = isElementwise
    groups = Element.groups(of: elements)
    parameters = groups.flatMap(\.parameters)
    groupIndices = groups.enumerated().flatMap { index, group in
      Array(repeating: index, count: group.parameters.count)
    }
    stateNames = state
    steps = Array(repeating: 0, count: parameters.count)
    dtypes = parameters.map(\.dtype)
    versions = parameters.map { _ in nil }
    self.initialValue = initialValue
    requireNotNegative(optimizer, ("learning rate", learningRate))
    requireTrainable()
    for (index, group) in groups.enumerated() { require(group, index, accepting: options) }
  }

  private func requireTrainable() {
    check(!parameters.isEmpty, "\(optimizerName): no parameters to train")
    check(
      !stateNames.contains(masterName),
      """
      \(optimizerName): a state called "\(masterName)", which is that of Float16 parameters; choose \
      another name
      """)
    var seen: [ObjectIdentifier: Int] = [:]
    for (index, parameter) in parameters.enumerated() {
      let name = "\(optimizerName): parameter \(index) of shape \(parameter.shape)"
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
      check(
        !isGiven,
        "\(optimizerName): group \(index) sets \(name), which \(optimizerName) does not have")
    }
  }

  private func makeState() -> State {
    hasState = true
    let owned = parameters.indices.filter(isOwned).map { parameters[$0] }
    let (offsets, total) = flatOffsets(of: owned)
    let tensors = stateNames.map { _ in
      let arena = Tensor.full([total], initialValue)
      var rest = offsets[...]
      return parameters.indices.map { index -> Tensor? in
        guard isOwned(index), let offset = rest.popFirst() else { return nil }
        let shape = parameters[index].shape
        return arena.alias(shape: shape, strides: shape.contiguousStrides, offset: offset)
      }
    }
    let masters = MasterWeights(
      of: parameters.indices.map { isOwned($0) && dtypes[$0].isNarrowFloat ? parameters[$0] : nil })
    return State(masters: masters, tensors: tensors)
  }

  /// Leaves the parameters that `division` does not own, and their state, to others. Stops once
  /// there is state.
  package func divide(_ division: Division) {
    check(
      !hasState && self.division == nil,
      """
      \(optimizerName): its state is shared out after it was made; call shardState(over:) once, before \
      the first step and before a state is loaded
      """)
    self.division = division
  }

  /// Whether the parameter at `index` is changed here.
  package func isOwned(_ index: Int) -> Bool { division?.isOwned[index] ?? true }

  /// The Float32 copy of the parameter at `index`; nil where that is Float32 itself, or not owned.
  func master(of index: Int) -> Tensor? { state.masters[index] }

  /// The names of the state tensors of the parameter at `index`, whoever keeps them.
  package func namesOfState(of index: Int) -> [String] {
    stateNames + (dtypes[index].isNarrowFloat ? [masterName] : [])
  }

  /// The state tensor `name` of the parameter at `index`; nil where none of that name is kept here.
  package func tensor(_ name: String, of index: Int) -> Tensor? {
    // A search of a few short names is quicker than a dictionary.
    if let place = stateNames.firstIndex(of: name) { return state.tensors[place][index] }
    return name == masterName ? state.masters[index] : nil
  }

  func group(of index: Int) -> ParameterGroup { groups[groupIndices[index]] }
}
