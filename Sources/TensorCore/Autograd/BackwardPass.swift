import CRuntime
import Diagnostics
import Elements

/// One walk through the graph against the direction of computation.
struct BackwardPass {
  /// The operation whose gradient is being computed on this thread.
  static var current: Operation? {
    lk_current_operation().pointee.map { Unmanaged<Operation>.fromOpaque($0).takeUnretainedValue() }
  }

  private let root: Node
  private let number: Int
  /// Every reachable operation, inputs before their consumers.
  private var operations: [Operation] = []
  /// The distinct averagers of reachable leaves, in the order found.
  private var averagers: [any GradientAverager] = []
  /// Whether any reachable operation is a mean of losses.
  private var hasMeans = false
  /// Where only some gradients are wanted: those, by node; leaves are left alone.
  private let wanted: WantedGradients?
  /// What the loss is scaled by.
  private let scale: Float

  /// Finds what `root` was computed from and counts how many contributions each node will get.
  init(from root: Node, wanted: WantedGradients? = nil, scale: Float = 1) {
    self.root = root
    self.wanted = wanted
    self.scale = scale
    number = Int(lk_next_pass())
    var stack: [(operation: Operation, nextEdge: Int)] = []
    visit(root, &stack)
    while let top = stack.last {
      if top.nextEdge == top.operation.edges.count {
        operations.append(top.operation)
        stack.removeLast()
      } else {
        stack[stack.count - 1].nextEdge += 1
        if let input = top.operation.edges[top.nextEdge].node { visit(input, &stack) }
      }
    }
    root.pending = 0
  }

  private mutating func visit(
    _ node: Node, _ stack: inout [(operation: Operation, nextEdge: Int)]
  ) {
    if node.pass == number {
      node.pending += 1
      return
    }
    node.pass = number
    node.pending = 1
    if let operation = node as? Operation {
      check(
        !operation.isFreed,
        """
        backward: a second time through \(operation.name): the graph was freed by the first; pass \
        retainGraph: true to the first, or compute the loss anew
        """)
      if operation.mean != nil { hasMeans = true }
      stack.append((operation, 0))
    } else if let leaf = node as? Leaf, wanted == nil {
      leaf.requireAddable(scale)
      guard let averager = leaf.averager, !averagers.contains(where: { $0 === averager }) else {
        return
      }
      averagers.append(averager)
    }
  }

  /// Announces the pass, which begins at `loss`; returns the factor that weighs its gradients.
  func begin(loss: Tensor?) -> Float {
    guard let first = averagers.first else { return 1 }
    let value = loss.map { Float($0.item()) }
    let loss = hasMeans ? PassLoss(value: value, at: root, of: operations) : PassLoss(value: value)
    let weight = first.passWillBegin(loss, scale: scale)
    for other in averagers.dropFirst() {
      check(
        other.passWillBegin(loss, scale: scale) == weight,
        "backward: the loss reaches parameters whose gradients are averaged in different ways")
    }
    return weight
  }

  func end() {
    for averager in averagers { averager.passDidEnd() }
  }

  func run(seed: Tensor, retainGraph: Bool) {
    AutocastRegion.with(nil) { walk(seed: seed, retainGraph: retainGraph) }
  }

  private func walk(seed: Tensor, retainGraph: Bool) {
    let outer = lk_current_operation().pointee
    accumulate(seed, into: root)
    finish(root)
    for operation in operations.reversed() {
      guard var gradient = operation.sum else { continue }
      operation.sum = nil
      if let mean = operation.mean { gradient = mean.weighed(gradient) }
      lk_current_operation().pointee = Unmanaged.passUnretained(operation).toOpaque()
      if retainGraph {
        for edge in operation.edges { follow(edge, &gradient, of: operation, isLast: false) }
      } else {
        // What an edge kept is free when its share has been computed, not only after the last one.
        var edges = operation.edges
        operation.edges = []
        operation.isFreed = true
        edges.reverse()
        while let edge = edges.popLast() {
          follow(edge, &gradient, of: operation, isLast: edges.isEmpty)
        }
      }
    }
    lk_current_operation().pointee = outer
  }

  /// Hands the share of `gradient`, that of the result of `operation`, to the input at `edge`.
  private func follow(
    _ edge: Edge, _ gradient: inout Tensor, of operation: Operation, isLast: Bool
  ) {
    guard let node = edge.node else { return }
    switch edge.gradient {
    case .value(let share):
      var share = checked(share(gradient), of: operation)
      let isFresh = !share.isView && share.node == nil && Tensor.mayBeOverwritten(&share)
      accumulate(share, into: node, isFresh: isFresh)
    case .into(let compute): accumulate(compute, gradient, into: node, of: operation)
    case .elementwise(let compute):
      let share =
        isLast && Tensor.mayBeOverwritten(&gradient)
        ? gradient : Tensor(uninitialized: gradient.shape, gradient.dtype)
      compute(gradient, share)
      accumulate(checked(share, of: operation), into: node, isFresh: true)
    }
    node.pending -= 1
    finish(node)
  }

  /// Hands on the gradient of a node that has received all contributions.
  private func finish(_ node: Node) {
    guard node.pending == 0 else { return }
    for hook in node.hooks { node.apply(hook) }
    if let operation = node as? Operation {
      operation.retained?.gradient = operation.sum
      wanted?.take(operation.sum, of: node)
    } else if let leaf = node as? Leaf {
      if wanted != nil || !leaf.hooks.isEmpty {
        let sum = leaf.sum
        leaf.sum = nil
        if let wanted { return wanted.take(sum, of: leaf) }
        if let sum { leaf.addToGradient(sum, isFresh: false) }
      }
      leaf.gradientScale = .ofLoss(times: scale)
      leaf.averager?.gradientIsReady(of: leaf)
      for hook in leaf.accumulationHooks { hook.body() }
    }
  }

  /// Whether contributions go straight to the leaf's gradient.
  private func isDirect(_ leaf: Leaf) -> Bool { wanted == nil && leaf.hooks.isEmpty }

  private func accumulate(_ share: Tensor, into node: Node, isFresh: Bool = false) {
    let isReduced = share.shape != node.shape || share.dtype != node.dtype
    let share = (share.shape == node.shape ? share : share.summed(to: node.shape))
      .converted(to: node.dtype)
    if let leaf = node as? Leaf, isDirect(leaf) {
      leaf.addToGradient(share, isFresh: isFresh || isReduced)
    } else {
      node.addToSum(share, isFresh: isFresh || isReduced)
    }
  }

  private func accumulate(
    _ compute: (Tensor, Tensor, Bool) -> Void, _ gradient: Tensor, into node: Node,
    of operation: Operation
  ) {
    if let leaf = node as? Leaf, isDirect(leaf) {
      leaf.addToGradient(compute, gradient)
      if let sum = leaf.gradient { _ = checked(sum, of: operation) }
    } else if let sum = node.sum, node.ownsSum {
      compute(gradient, sum, true)
      _ = checked(sum, of: operation)
    } else {
      let share = Tensor(uninitialized: node.shape, node.dtype)
      compute(gradient, share, false)
      node.addToSum(checked(share, of: operation), isFresh: true)
    }
  }
}
