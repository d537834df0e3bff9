import CKernels
import Diagnostics

extension Tensor {
  /// Computes the gradient of this scalar with respect to every leaf that it was computed from, and adds it to
  /// their `grad`.
  ///
  /// Frees the graph unless `retainGraph`. Gradients of parameters with `averageGradients(over:)` are averaged over
  /// all ranks' samples when this returns.
  ///
  /// - Parameter gradient: where the tensor is no scalar, the gradient to start from, of its shape.
  public func backward(gradient: Tensor? = nil, retainGraph: Bool = false) {
    guard let node else {
      stop(
        """
        backward: this tensor of shape \(shape) has no graph: no input required a gradient, or it was \
        computed under noGrad or detached
        """)
    }
    if let gradient {
      check(
        gradient.shape == shape,
        "backward: the gradient has shape \(gradient.shape), the tensor \(shape)")
    } else {
      check(
        count == 1,
        """
        backward: a tensor of shape \(shape) is no scalar; reduce it with sum() or mean(), or pass \
        the gradient to start from
        """)
    }
    noGrad {
      let pass = BackwardPass(from: node)
      let weight = pass.begin()
      var seed = gradient ?? Tensor.full(shape, 1, dtype)
      if weight != 1 { seed = seed * weight }
      pass.run(seed: seed, retainGraph: retainGraph)
      pass.end()
    }
  }
}

/// One walk through the graph against the direction of computation.
struct BackwardPass {
  /// The operation whose gradient is being computed on this thread, for messages.
  static var currentOperation: String {
    lk_current_operation().pointee.map(String.init(cString:)) ?? ""
  }

  private let root: Node
  private let number: Int
  /// Every reachable operation, inputs before their consumers.
  private var operations: [Operation] = []
  /// The distinct observers of reachable leaves, in the order found.
  private var observers: [any GradientObserver] = []

  /// Finds what `root` was computed from and counts how many contributions each node will get.
  init(from root: Node) {
    self.root = root
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
      stack.append((operation, 0))
    } else if let observer = (node as? Leaf)?.observer,
      !observers.contains(where: { $0 === observer })
    {
      observers.append(observer)
    }
  }

  /// Announces the pass; returns the factor that weighs its gradients.
  func begin() -> Float {
    guard let first = observers.first else { return 1 }
    let weight = first.backwardWillBegin()
    for other in observers.dropFirst() {
      check(
        other.backwardWillBegin() == weight,
        "backward: the loss reaches parameters whose gradients are averaged in different ways")
    }
    return weight
  }

  func end() {
    for observer in observers { observer.backwardDidEnd() }
  }

  func run(seed: Tensor, retainGraph: Bool) {
    accumulate(seed, into: root)
    if let leaf = root as? Leaf { leaf.observer?.gradientIsReady(of: leaf) }
    for operation in operations.reversed() {
      guard let sum = operation.gradient else { continue }
      operation.gradient = nil
      // Half gradients are widened, so that a share is rounded once and not by every step of its formula.
      let gradient = sum.dtype == .float16 ? sum.converted(to: .float32) : sum
      lk_current_operation().pointee = UnsafePointer(
        UnsafeRawPointer(operation.name.utf8Start).assumingMemoryBound(to: CChar.self))
      for edge in operation.edges {
        guard let node = edge.node else { continue }
        node.pending -= 1
        switch edge.gradient {
        case .value(let share): accumulate(share(gradient), into: node)
        case .into(let compute): accumulate(compute, gradient, into: node)
        }
        if node.pending == 0, let leaf = node as? Leaf { leaf.observer?.gradientIsReady(of: leaf) }
      }
      if !retainGraph {
        operation.edges = []
        operation.isFreed = true
      }
    }
    lk_current_operation().pointee = nil
  }

  private func accumulate(_ share: Tensor, into node: Node) {
    let isReduced = share.shape != node.shape || share.dtype != node.dtype
    let share = isReduced ? share.summed(to: node.shape).converted(to: node.dtype) : share
    if let leaf = node as? Leaf {
      leaf.accumulate(share, isFresh: isReduced)
    } else if let operation = node as? Operation {
      guard let sum = operation.gradient else {
        operation.gradient = share
        operation.ownsGradient = isReduced
        return
      }
      if operation.ownsGradient {
        sum.add(inPlace: share)
      } else {
        operation.gradient = sum + share
        operation.ownsGradient = true
      }
    }
  }

  private func accumulate(
    _ compute: (Tensor, Tensor, Bool) -> Void, _ gradient: Tensor, into node: Node
  ) {
    if let leaf = node as? Leaf {
      leaf.accumulate(compute, gradient)
    } else if let operation = node as? Operation, let sum = operation.gradient,
      operation.ownsGradient
    {
      compute(gradient, sum, true)
    } else {
      let share = Tensor(uninitialized: node.shape, node.dtype)
      compute(gradient, share, false)
      let isFirst = (node as? Operation)?.gradient == nil
      accumulate(share, into: node)
      if isFirst { (node as? Operation)?.ownsGradient = true }
    }
  }
}

extension Leaf {
  /// Adds `share`; keeps it without a copy where it is `isFresh`, seen by nobody else.
  fileprivate func accumulate(_ share: Tensor, isFresh: Bool) {
    if let gradient {
      gradient.add(inPlace: share)
    } else if slot == nil, isFresh {
      gradient = share
    } else {
      let destination = slot ?? Tensor(uninitialized: shape, dtype)
      destination.assign(share)
      gradient = destination
    }
  }

  /// Lets `compute` write the share of `gradient` straight to where it belongs.
  fileprivate func accumulate(_ compute: (Tensor, Tensor, Bool) -> Void, _ share: Tensor) {
    let destination = gradient ?? slot ?? Tensor(uninitialized: shape, dtype)
    compute(share, destination, gradient != nil)
    gradient = destination
  }
}
