import Diagnostics

extension Tensor {
  /// Computes the gradient of this scalar with respect to every leaf that it was computed from, and
  /// adds it to their `grad`.
  ///
  /// ```swift
  /// let x = Tensor([1.0, 2, 3])
  /// x.requiresGrad = true
  /// (x * x).sum().backward()
  /// print(x.grad?.floats ?? [])  // [2.0, 4.0, 6.0]
  /// ```
  ///
  /// Takes about twice as long as the forward pass, as a rule. Gradients of parameters with
  /// `averageGradients(over:)` are averaged over all ranks' samples when this returns.
  ///
  /// Stops where nothing that this tensor was computed from requires a gradient, where it has
  /// several elements and no gradient is given, where an earlier pass has freed the graph, and
  /// where a value that a gradient needs was changed in place in the meantime.
  ///
  /// - Parameters:
  ///   - gradient: the gradient to start from, of this tensor's shape; without it 1, for a scalar.
  ///   - retainGraph: keeps the graph, and the memory it holds, for another pass.
  public func backward(gradient: Tensor? = nil, retainGraph: Bool = false) {
    backward(gradient, scaledBy: 1, retainGraph: retainGraph)
  }

  /// As `backward(gradient:retainGraph:)` of this loss times `scale`.
  package func backward(_ gradient: Tensor? = nil, scaledBy scale: Float, retainGraph: Bool) {
    let (node, seed) = start(gradient, "backward")
    noGrad {
      let pass = BackwardPass(from: node, scale: scale)
      let weight = pass.begin(loss: gradient == nil ? self : nil) * scale
      pass.run(seed: weight == 1 ? seed : seed * weight, retainGraph: retainGraph)
      pass.end()
    }
  }

  /// The node to start from and the gradient to start with.
  fileprivate func start(
    _ gradient: Tensor?, _ operation: StaticString
  ) -> (node: Node, seed: Tensor) {
    guard let node else {
      stop(
        """
        \(operation): this tensor of shape \(shape) has no graph: no input required a gradient, or it was \
        computed under noGrad or detached
        """)
    }
    if let gradient {
      check(
        gradient.shape == shape,
        "\(operation): the gradient has shape \(gradient.shape), the tensor \(shape)")
      return (node, gradient.detached())
    }
    check(
      count == 1,
      """
      \(operation): a tensor of shape \(shape) is no scalar; reduce it with sum() or mean(), or pass \
      the gradient to start from
      """)
    return (node, Tensor.full(shape, 1, dtype))
  }
}

/// The gradients of `output` with respect to `inputs`, which may be leaves or results of
/// operations; nil for an input that `output` does not depend on.
///
/// No tensor's `grad` changes, and nothing is averaged over ranks.
///
/// - Parameters:
///   - gradient: the gradient to start from, of the shape of `output`; without it 1, for a scalar.
///   - retainGraph: keeps the graph for another pass.
public func gradients(
  of output: Tensor, wrt inputs: [Tensor], gradient: Tensor? = nil, retainGraph: Bool = false
) -> [Tensor?] {
  for (index, input) in inputs.enumerated() {
    check(
      input.requiresGrad,
      "gradients: input \(index) of shape \(input.shape) does not require a gradient")
  }
  let (node, seed) = output.start(gradient, "gradients")
  let nodes = inputs.compactMap(\.node)
  return noGrad { gradients(from: node, seed, of: nodes, retainGraph: retainGraph) }
}

/// The gradients that reach `nodes` in a pass from `root` that leaves everything else alone.
func gradients(
  from root: Node, _ seed: Tensor, of nodes: [Node], retainGraph: Bool = false
) -> [Tensor?] {
  let wanted = WantedGradients(nodes)
  BackwardPass(from: root, wanted: wanted).run(seed: seed, retainGraph: retainGraph)
  return nodes.map { wanted.gradients[ObjectIdentifier($0)] ?? nil }
}

/// The gradients that a pass is run for.
final class WantedGradients {
  private(set) var gradients: [ObjectIdentifier: Tensor?] = [:]

  init(_ nodes: [Node]) {
    for node in nodes { gradients[ObjectIdentifier(node)] = .some(nil) }
  }

  func take(_ gradient: Tensor?, of node: Node) {
    let key = ObjectIdentifier(node)
    if gradients[key] != nil { gradients[key] = .some(gradient) }
  }
}
