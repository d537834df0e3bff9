import Diagnostics
import Elements
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
  for input in [gates, weight] + start { input.requireFloat("recurrent") }
  bias?.requireFloat("recurrent")
  check(
    gates.axisCount == 3 && weight.axisCount == 2 && gates.shape[2] == weight.shape[0]
      && weight.shape[0] == cell.gates * weight.shape[1] && start.count == cell.states
      && start.allSatisfy { $0.shape == [gates.shape[1], weight.shape[1]] }
      && bias.map { $0.shape == [weight.shape[0]] } ?? true,
    """
    recurrent: gates \(gates.shape), weight \(weight.shape), bias \(bias?.shape ?? []) and states \
    \(start.map(\.shape)) do not fit each other
    """)
  let result = Tensor(
    uninitialized: [cell.states, gates.shape[0], gates.shape[1], weight.shape[1]], gates.dtype)
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
    kept = Tensor(uninitialized: [count, batch, cell.kept * size], gates.dtype)
    let (weight, gates) = (weight.contiguousValues(), gates.contiguousValues())
    let start = start.map { $0.contiguousValues() }
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

  /// Row `row` of a contiguous tensor: what belongs to one step.
  private struct Row {
    let tensor: Tensor
    let row: Int
    let count: Int

    func operand(_ use: RowOperand.Use = .read) -> RowOperand {
      tensor.rows(count, from: row * count, count, use)
    }

    func matrix(columns: Int) -> ElementView {
      ElementView(matrix: tensor.address(row * count), tensor.dtype, leading: columns)
    }
  }

  private func gates(_ tensor: Tensor, _ time: Int) -> Row {
    Row(tensor: tensor, row: time, count: gateCount)
  }

  private func kept(_ time: Int) -> Row {
    Row(tensor: kept, row: time, count: stateCount * cell.kept)
  }

  /// The states at `time` in `tensor`, `[states, steps, batch, size]`; a cell with one gets it
  /// twice.
  private func states(of tensor: Tensor, at time: Int) -> (h: Row, c: Row) {
    (
      Row(tensor: tensor, row: time, count: stateCount),
      Row(tensor: tensor, row: cell.states > 1 ? count + time : time, count: stateCount)
    )
  }

  /// The states that the `index`-th step begins with.
  private func states(
    before index: Int, of tensor: Tensor, _ start: [Tensor]
  ) -> (h: Row, c: Row) {
    if index > 0 { return states(of: tensor, at: time(index - 1)) }
    return (
      Row(tensor: start[0], row: 0, count: stateCount),
      Row(tensor: start[start.count - 1], row: 0, count: stateCount)
    )
  }

  /// `c` where the cell has it.
  private func second<Pointer>(_ c: Pointer) -> Pointer? { cell.states > 1 ? c : nil }

  private func advance(
    _ gates: Tensor, _ weight: Tensor, _ bias: Tensor?, _ start: [Tensor], into result: Tensor
  ) {
    let width = cell.gates * size
    let (product, bias, weight) = (
      Tensor(uninitialized: [batch, width]), bias?.wideValues, weight.wideValues
    )
    let (u, b) = (product.pointer(Float.self), bias?.pointer(Float.self))
    let w = ElementView(matrix: weight.pointer(Float.self), leading: size, isTransposed: true)
    for index in 0..<count {
      let time = time(index)
      let (before, after) = (
        states(before: index, of: result, start), states(of: result, at: time)
      )
      gemm(m: batch, n: width, k: size, before.h.matrix(columns: size), w, into: u, leading: width)
      let list: InlineArray<6, RowOperand> = [
        self.gates(gates, time).operand(), kept(time).operand(.write), before.h.operand(),
        before.c.operand(), after.h.operand(.write),
        after.c.operand(cell.states > 1 ? .write : .read),
      ]
      forEachRowBlock(0..<1, list) { _, _, at in
        steps.advance(
          gates: at[0], product: u, bias: b,
          from: (UnsafePointer(at[2]), second(UnsafePointer(at[3]))), keeping: at[1],
          to: (at[4], second(at[5])))
      }
    }
    withExtendedLifetime((gates, product, bias, weight, start)) {}
  }

  /// The gradients of gates, weight, bias and states.
  func gradients(_ gradient: Tensor, wantsWeight: Bool, wantsBias: Bool) -> [Tensor?] {
    let gradient = gradient.contiguousValues()
    let (states, start, weight) = (states.value, start.map(\.value), weight.value.wideValues)
    let width = cell.gates * size
    let gates = Tensor(uninitialized: [count, batch, width], kept.dtype)
    let products = cell == .gru ? Tensor(uninitialized: gates.shape, kept.dtype) : gates
    let carries = start.map { Tensor.zeros($0.shape) }
    let carry: RecurrentSteps.States<UnsafeMutablePointer<Float>> = (
      carries[0].pointer(), carries.count > 1 ? carries[1].pointer() : nil
    )
    let w = ElementView(matrix: weight.pointer(Float.self), leading: size)
    for index in (0..<count).reversed() {
      let time = time(index)
      let before = self.states(before: index, of: states, start)
      let (after, share) = (
        self.states(of: states, at: time), self.states(of: gradient, at: time)
      )
      let list: InlineArray<9, RowOperand> = [
        before.h.operand(), before.c.operand(), kept(time).operand(), after.h.operand(),
        after.c.operand(), share.h.operand(), share.c.operand(),
        self.gates(gates, time).operand(.write),
        self.gates(products, time).operand(cell == .gru ? .write : .read),
      ]
      forEachRowBlock(0..<1, list) { _, _, at in
        let du = cell == .gru ? at[8] : at[7]
        func pair(_ h: Int, _ c: Int) -> RecurrentSteps.States<UnsafePointer<Float>> {
          (UnsafePointer(at[h]), second(UnsafePointer(at[c])))
        }
        steps.differentiate(
          from: pair(0, 1), kept: at[2], to: pair(3, 4), gradient: pair(5, 6), carry: carry,
          gates: at[7], product: du)
        gemm(
          m: batch, n: size, k: width, ElementView(matrix: du, leading: width), w, into: carry.h,
          leading: size, accumulate: cell == .gru)
      }
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
    func add(_ steps: Int, from time: Int, _ h: ElementView, accumulate: Bool) {
      let du = ElementView(
        matrix: products.address(time * gateCount), products.dtype, leading: width,
        isTransposed: true)
      gemm(
        m: width, n: size, k: steps * batch, du, h, into: result.pointer(), leading: size,
        accumulate: accumulate)
    }
    add(
      1, from: time(0), ElementView(matrix: start.address(), start.dtype, leading: size),
      accumulate: false)
    add(
      count - 1, from: isReversed ? 0 : 1,
      self.states(of: states, at: isReversed ? 1 : 0).h.matrix(columns: size), accumulate: true)
    withExtendedLifetime((products, states, start)) {}
    return result
  }

  private func biasGradient(_ products: Tensor) -> Tensor {
    let result = Tensor(uninitialized: [cell.gates * size])
    result.takeColumnSums(of: products, accumulating: false)
    return result
  }
}
