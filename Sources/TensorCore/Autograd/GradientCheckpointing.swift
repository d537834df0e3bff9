import Diagnostics

/// The result of `segment` for `inputs`, keeping none of its intermediate values: the backward pass
/// computes them anew.
///
/// Saves memory for time: one more forward pass of the segment. Random numbers of the default
/// generator are drawn again as they were. Parameters that the segment uses receive their gradients
/// as usual.
public func checkpoint(
  _ inputs: Tensor..., segment: @escaping ([Tensor]) -> Tensor
) -> Tensor {
  guard isGradientEnabled else { return segment(inputs) }
  let generator = Generator.default
  let position = generator.position
  let autocast = AutocastRegion.current?.dtype
  func run() -> (inputs: [Tensor], result: Tensor) {
    let copies = inputs.map { input in
      let copy = input.detached()
      copy.requiresGrad = input.requiresGrad
      return copy
    }
    // Casts of its own: those of an outer region are part of a graph that a pass is walking through.
    let region = autocast.map(AutocastRegion.init)
    return (copies, AutocastRegion.with(region) { segment(copies) })
  }
  let (copies, result) = run()
  guard let node = result.node else { return result }
  // The graph of the first run tells which leaves the segment uses, and is dropped.
  let own = Set(copies.compactMap(\.node).map(ObjectIdentifier.init))
  let leaves = leaves(below: node).filter { !own.contains(ObjectIdentifier($0)) }

  let receivers = inputs.map(\.node) + leaves
  let joint = JointGradient { gradient in
    let after = generator.position
    generator.position = position
    let (copies, result) = withGradient { run() }
    generator.position = after
    let targets = copies.map(\.node)
    var found = result.node.map { node in
      gradients(from: node, gradient, of: targets.compactMap { $0 } + leaves)[...]
    }
    return (targets + leaves).map { target in
      target.map { (found?.popFirst() ?? nil) ?? .zeros($0.shape, $0.dtype) }
    }
  }
  let outside = result.detached().recorded(
    "checkpoint",
    receivers.enumerated().map { index, node in
      node.map { Edge($0, .value { joint.share(index, of: $0) }) }
    })
  // A segment that ends in a mean of losses is one.
  if let mean = (node as? Operation)?.mean {
    return outside.averaging(mean.count, dividedBy: mean.divisor)
  }
  return outside
}

/// The leaves that `root` was computed from.
private func leaves(below root: Node) -> [Leaf] {
  var seen: Set<ObjectIdentifier> = []
  var found: [Leaf] = []
  var stack = [root]
  while let node = stack.popLast() {
    guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
    if let leaf = node as? Leaf { found.append(leaf) }
    if let operation = node as? Operation { stack += operation.edges.compactMap(\.node) }
  }
  return found
}
