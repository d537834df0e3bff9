import Diagnostics
package import Elements

/// A place in the graph: something that receives the gradient of one tensor.
package class Node {
  /// The operation's name, for messages.
  package let name: StaticString
  /// The shape of the tensor, and so of its gradient.
  package let shape: Shape
  /// The type of the tensor, and so of its gradient.
  package let dtype: DType
  /// What users want done with the gradient before it is used, in the order of registration.
  var hooks: [GradientHook] = []

  // The state of the backward pass `pass`.
  var pass = 0
  /// How many contributions to the gradient are still to come.
  var pending = 0
  /// The sum of the contributions so far; nil before the first.
  var sum: Tensor?
  /// Whether `sum` is seen by nobody else, so that it may be added to in place.
  var ownsSum = false

  init(name: StaticString, shape: Shape, dtype: DType) {
    self.name = name
    self.shape = shape
    self.dtype = dtype
  }
}

/// A recorded operation: how the gradient of its result becomes gradients of its inputs.
package final class Operation: Node {
  /// One for each input that requires a gradient.
  var edges: [Edge]
  /// Whether a backward pass has used this node and freed what it kept.
  var isFreed = false
  /// The gradient of the result, where `retainGrad` asked for it.
  var retained: RetainedGradient?
  /// What is said of a result that is the mean of losses; nil: it is none.
  var mean: LossMean?
  /// What it is to the loss that `PassLoss` looks at.
  var part: PartOfLoss?
  /// Where it was called.
  let site = CallSite.capture()

  init(name: StaticString, shape: Shape, dtype: DType, edges: [Edge]) {
    self.edges = edges
    super.init(name: name, shape: shape, dtype: dtype)
  }

  /// Takes long chains apart without recursion: a chain of 100,000 nodes must not need as many
  /// stack frames.
  deinit {
    var doomed = edges
    edges = []
    while var edge = doomed.popLast() {
      guard let operation = edge.releaseIfLast() else { continue }
      doomed.append(contentsOf: operation.edges)
      operation.edges = []
    }
  }
}

/// Where one input's share of a gradient goes, and how it is computed.
package struct Edge {
  enum Gradient {
    /// Returns the share, in the result's broadcast shape or already in the input's.
    case value((_ gradient: Tensor) -> Tensor)
    /// Computes the share into a contiguous destination of the input's shape, or adds it there.
    case into((_ gradient: Tensor, _ destination: Tensor, _ accumulating: Bool) -> Void)
    /// Computes the share of every element into a destination of the result's shape and type, which
    /// may be the gradient itself.
    case elementwise((_ gradient: Tensor, _ destination: Tensor) -> Void)
  }

  private(set) var node: Node?
  let gradient: Gradient

  init(_ node: Node, _ gradient: Gradient) {
    self.node = node
    self.gradient = gradient
  }

  /// Lets go of the node; returns it if it is an operation that nothing else refers to.
  fileprivate mutating func releaseIfLast() -> Operation? {
    guard isKnownUniquelyReferenced(&node) else { return nil }
    return node as? Operation
  }
}

extension Tensor {
  /// Whether operations on this tensor are recorded now.
  package var isTracked: Bool { node != nil && isGradientEnabled }

  /// Where the gradient of an operation on this tensor goes; nil where it needs none.
  private var nodeToRecord: Node? {
    guard isGradientEnabled else { return nil }
    requireCurrentView()
    return node
  }

  /// An edge to this tensor for `recorded`, or nil where it needs no gradient.
  ///
  /// `gradient` maps the gradient of the operation's result to this input's share of it. Summing a
  /// broadcast share back to the input's shape is left to the engine.
  package func edge(_ gradient: @escaping (_ gradient: Tensor) -> Tensor) -> Edge? {
    guard let node = nodeToRecord else { return nil }
    return Edge(node, .value(gradient))
  }

  /// As `edge(_:)`, for a formula of several operations, each of which would round a gradient of
  /// narrow floats: it is widened first, and only the share is rounded.
  package func stepwiseEdge(
    _ gradient: @escaping (_ gradient: Tensor) -> Tensor
  ) -> Edge? {
    edge { gradient($0.wide) }
  }

  /// As `edge(_:)`, for gradients that can be computed straight into memory: into the gradient of a
  /// parameter, for example.
  package func edge(
    into gradient: @escaping (Tensor, _ destination: Tensor, _ accumulating: Bool) -> Void
  ) -> Edge? {
    guard let node = nodeToRecord else { return nil }
    return Edge(node, .into(gradient))
  }

  /// As `edge(_:)`, for gradients whose elements have nothing to do with each other: where nobody else
  /// sees the gradient of the result, the share takes its place and needs no memory.
  package func edge(
    elementwise gradient: @escaping (_ gradient: Tensor, _ destination: Tensor) -> Void
  ) -> Edge? {
    guard let node = nodeToRecord else { return nil }
    return Edge(node, .elementwise(gradient))
  }

  /// Gives this fresh result of operation `name` its place in the graph, if any input needs a
  /// gradient.
  package func recorded(_ name: StaticString, _ edges: [Edge?]) -> Tensor {
    var present: [Edge] = []
    for case let edge? in edges {
      if present.isEmpty { present.reserveCapacity(edges.count) }
      present.append(edge)
    }
    if !present.isEmpty {
      node = Operation(name: name, shape: shape, dtype: dtype, edges: present)
    }
    return self
  }

  /// The same for one input, without a detour through arrays.
  package func recorded(_ name: StaticString, _ edge: consuming Edge?) -> Tensor {
    if let edge { node = Operation(name: name, shape: shape, dtype: dtype, edges: [edge]) }
    return self
  }

  /// The same for two inputs.
  package func recorded(
    _ name: StaticString, _ first: consuming Edge?, _ second: consuming Edge?
  ) -> Tensor {
    guard let first else { return recorded(name, second) }
    guard let second else { return recorded(name, first) }
    node = Operation(name: name, shape: shape, dtype: dtype, edges: [first, second])
    return self
  }
}
