import CKernels
import Diagnostics
package import Kernels

/// All steps of one recurrent layer in one direction, as one operation: `[states, steps, batch,
/// size]`, the states after every step.
///
/// Unrolled into single operations, the graph would cost more than the arithmetic. Here a step is
/// one matrix product and one pass over the gates, and the gradient of `weight` one product over
/// all steps.
///
/// - Parameters:
///   - gates: The input's share of the gates, `[steps, batch, gates · size]`.
///   - weight: From the state to its share of the gates, `[gates · size, size]`.
///   - bias: Added to that share, `[gates · size]`, or nil.
///   - start: The states before the first step, each `[batch, size]`.
///   - isReversed: Whether the steps are taken from the last to the first.
package func recurrent(
  _ cell: RecurrentCell, _ gates: Tensor, _ weight: Tensor, _ bias: Tensor?, from start: [Tensor],
  isReversed: Bool = false
) -> Tensor {
  if let cast = Autocast("recurrent") {
    return cast.run {
      recurrent(
        cell, cast(gates), cast(weight), cast(bias), from: start.map { cast($0) },
        isReversed: isReversed)
    }
  }
  let inputs = [gates, weight] + start + (bias.map { [$0] } ?? [])
  if inputs.contains(where: { $0.dtype != .float32 }) {
    for input in inputs { input.requireFloat("recurrent") }
    return recurrent(
      cell, gates.converted(to: .float32), weight.converted(to: .float32),
      bias?.converted(to: .float32), from: start.map { $0.converted(to: .float32) },
      isReversed: isReversed
    ).converted(to: gates.dtype)
  }
  check(
    gates.rank == 3 && weight.rank == 2 && gates.shape[2] == weight.shape[0]
      && weight.shape[0] == cell.gates * weight.shape[1] && start.count == cell.states
      && start.allSatisfy { $0.shape == [gates.shape[1], weight.shape[1]] }
      && bias.map { $0.shape == [weight.shape[0]] } ?? true,
    """
    recurrent: gates \(gates.shape), weight \(weight.shape), bias \(bias?.shape ?? []) and states \
    \(start.map(\.shape)) do not fit each other
    """)
  let result = Tensor(
    uninitialized: [cell.states, gates.shape[0], gates.shape[1], weight.shape[1]])
  let layer = RecurrentLayer(cell, gates, weight, bias, start, isReversed, into: result)
  let (wantsWeight, wantsBias) = (weight.node != nil, bias?.node != nil)
  let joint = JointGradient {
    layer.gradients($0, wantsWeight: wantsWeight, wantsBias: wantsBias)
  }
  let states = start.indices.map { index in start[index].edge { joint.share(3 + index, of: $0) } }
  return result.recorded(
    "recurrent",
    [
      gates.edge { joint.share(0, of: $0) }, weight.edge { joint.share(1, of: $0) },
      bias?.edge { joint.share(2, of: $0) },
    ] + states)
}

/// One call of `recurrent`, and what its gradient needs.
private struct RecurrentLayer {
  private let states: Saved
  private let cell: RecurrentCell
  private let steps: RecurrentSteps
  private let weight: Saved
  private let start: [Saved]
  /// `[steps, batch, kept · size]`.
  private let kept: Tensor
  private let (count, batch, size): (Int, Int, Int)
  private let isReversed: Bool

  init(
    _ cell: RecurrentCell, _ gates: Tensor, _ weight: Tensor, _ bias: Tensor?, _ start: [Tensor],
    _ isReversed: Bool, into result: Tensor
  ) {
    (count, batch, size) = (gates.shape[0], gates.shape[1], weight.shape[1])
    (self.cell, self.isReversed) = (cell, isReversed)
    steps = RecurrentSteps(cell, batch: batch, size: size)
    kept = Tensor(uninitialized: [count, batch, cell.kept * size])
    let (weight, gates) = (weight.contiguousValues(), gates.contiguousValues())
    let (start, bias) = (start.map { $0.contiguousValues() }, bias?.contiguousValues())
    self.weight = Saved(weight)
    self.start = start.map { Saved($0) }
    states = Saved(result)
    advance(gates, weight, bias, start, into: result)
  }

  /// The time of the `index`-th step.
  private func time(_ index: Int) -> Int { isReversed ? count - 1 - index : index }

  /// Numbers in one state of the batch, and in one step's gates.
  private var stateCount: Int { batch * size }
  private var gateCount: Int { batch * size * cell.gates }

  private func advance(
    _ gates: Tensor, _ weight: Tensor, _ bias: Tensor?, _ start: [Tensor],
    into result: Tensor
  ) {
    let width = cell.gates * size
    let product = Tensor(uninitialized: [batch, width])
    let (x, u) = (gates.pointer(Float.self), product.pointer(Float.self))
    let (a, b) = (kept.pointer(Float.self), bias?.pointer(Float.self))
    let w = MatrixOperand(weight.pointer(), leading: size, isTransposed: true)
    var before = self.start(start)
    for index in 0..<count {
      let time = time(index)
      gemm(
        m: batch, n: width, k: size, MatrixOperand(before.h, leading: size), w, into: u,
        leading: width)
      let after = states(of: result, at: time)
      steps.advance(
        gates: x + time * gateCount, product: u, bias: b, from: before,
        keeping: a + time * stateCount * cell.kept, to: after)
      before = (UnsafePointer(after.h), after.c.map { UnsafePointer($0) })
    }
    withExtendedLifetime((gates, product, bias, start)) {}
  }

  private func start(_ start: [Tensor]) -> RecurrentSteps.States<UnsafePointer<Float>> {
    (UnsafePointer(start[0].pointer()), start.count > 1 ? UnsafePointer(start[1].pointer()) : nil)
  }

  /// The states at `time` in `tensor`, `[states, steps, batch, size]`.
  private func states(
    of tensor: Tensor, at time: Int
  ) -> RecurrentSteps.States<UnsafeMutablePointer<Float>> {
    let h = tensor.pointer(Float.self) + time * stateCount
    return (h, cell.states > 1 ? h + count * stateCount : nil)
  }

  /// The gradients of gates, weight, bias and states.
  func gradients(_ gradient: Tensor, wantsWeight: Bool, wantsBias: Bool) -> [Tensor?] {
    let gradient = gradient.contiguousValues()
    let (states, start, weight) = (states.value, start.map(\.value), weight.value)
    let width = cell.gates * size
    let gates = Tensor(uninitialized: [count, batch, width])
    let products = cell == .gru ? Tensor(uninitialized: gates.shape) : gates
    let carries = start.map { Tensor.zeros($0.shape) }
    let carry: RecurrentSteps.States<UnsafeMutablePointer<Float>> = (
      carries[0].pointer(), carries.count > 1 ? carries[1].pointer() : nil
    )
    let (dx, du) = (gates.pointer(Float.self), products.pointer(Float.self))
    let (a, w) = (kept.pointer(Float.self), MatrixOperand(weight.pointer(), leading: size))
    func constant(
      _ states: RecurrentSteps.States<UnsafeMutablePointer<Float>>
    ) -> RecurrentSteps.States<UnsafePointer<Float>> {
      (UnsafePointer(states.h), states.c.map { UnsafePointer($0) })
    }
    for index in (0..<count).reversed() {
      let time = time(index)
      let before =
        index == 0
        ? self.start(start) : constant(self.states(of: states, at: self.time(index - 1)))
      steps.differentiate(
        from: before, kept: a + time * stateCount * cell.kept,
        to: constant(self.states(of: states, at: time)),
        gradient: constant(self.states(of: gradient, at: time)), carry: carry,
        gates: dx + time * gateCount, product: du + time * gateCount)
      gemm(
        m: batch, n: size, k: width, MatrixOperand(du + time * gateCount, leading: width), w,
        into: carry.h, leading: size, accumulate: cell == .gru)
    }
    let shares = [
      gates, wantsWeight ? weightGradient(products, states, start[0]) : nil,
      wantsBias ? biasGradient(products) : nil,
    ]
    withExtendedLifetime((gradient, weight, start, states)) {}
    return shares + carries.map { Optional($0) }
  }

  /// The products' gradients times the states that they were made from: those of all steps but the
  /// first lie in one piece.
  private func weightGradient(_ products: Tensor, _ states: Tensor, _ start: Tensor) -> Tensor {
    let width = cell.gates * size
    let result = Tensor(uninitialized: [width, size])
    let (du, h) = (products.pointer(Float.self), states.pointer(Float.self))
    func add(_ steps: Int, from time: Int, _ h: UnsafePointer<Float>, accumulate: Bool) {
      gemm(
        m: width, n: size, k: steps * batch,
        MatrixOperand(du + time * gateCount, leading: width, isTransposed: true),
        MatrixOperand(h, leading: size), into: result.pointer(), leading: size,
        accumulate: accumulate)
    }
    add(1, from: time(0), start.pointer(), accumulate: false)
    add(
      count - 1, from: isReversed ? 0 : 1, isReversed ? h + stateCount : h, accumulate: true)
    withExtendedLifetime((products, states, start)) {}
    return result
  }

  private func biasGradient(_ products: Tensor) -> Tensor {
    let width = cell.gates * size
    let result = Tensor(uninitialized: [width])
    lk_sum_columns(
      count * batch, width, products.pointer(Float.self), width, result.pointer(), false)
    return result
  }
}
