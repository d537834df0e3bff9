import CKernels
import Parallel

/// What a recurrent layer does in a step.
package enum RecurrentCell: Sendable {
  /// h = tanh(gate).
  case tanh
  /// h = max(gate, 0).
  case relu
  /// Gates input, forget, cell, output; states h and c.
  case lstm
  /// Gates reset, update, new.
  case gru

  /// Numbers per unit that input and state contribute to.
  package var gates: Int {
    switch self {
    case .tanh, .relu: 1
    case .lstm: 4
    case .gru: 3
    }
  }

  /// Numbers per unit that go from one step to the next: h, and c.
  package var states: Int { self == .lstm ? 2 : 1 }

  /// Numbers per unit that a step keeps for its gradient, besides its states.
  package var kept: Int { gates == 1 ? 0 : 4 }
}

/// Steps of a batch through `cell`; memory as `lk_lstm_step` and its kin describe it.
package struct RecurrentSteps {
  private let cell: RecurrentCell
  private let batch: Int
  private let size: Int

  /// Steps of `batch` rows of `size` units.
  package init(_ cell: RecurrentCell, batch: Int, size: Int) {
    self.cell = cell
    self.batch = batch
    self.size = size
  }

  /// Where a step finds or puts the states: h, and c for an LSTM.
  package typealias States<Pointer> = (h: Pointer, c: Pointer?)

  /// One step: from `start` to `end`.
  package func advance(
    gates x: UnsafePointer<Float>, product u: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    from start: States<UnsafePointer<Float>>, keeping kept: UnsafeMutablePointer<Float>,
    to end: States<UnsafeMutablePointer<Float>>
  ) {
    parallelRows(batch, 4 * size * cell.gates) { first, count in
      let (state, gate) = (first * size, first * size * cell.gates)
      let a = kept + first * size * cell.kept
      switch cell {
      case .tanh, .relu:
        lk_rnn_step(count, size, x + gate, u + gate, bias, cell == .relu, end.h + state)
      case .lstm:
        guard let from = start.c, let to = end.c else { return }
        lk_lstm_step(
          count, size, x + gate, u + gate, bias, from + state, a, end.h + state, to + state)
      case .gru:
        lk_gru_step(
          count, size, x + gate, u + gate, bias, start.h + state, a, end.h + state)
      }
    }
  }

  /// The gradients of one step: `gates` of x, and `product` of u, the same memory but for a GRU.
  /// `gradient` is that of `end`; `carry` comes from the step after and goes to the one before.
  package func differentiate(
    from start: States<UnsafePointer<Float>>, kept: UnsafePointer<Float>,
    to end: States<UnsafePointer<Float>>, gradient: States<UnsafePointer<Float>>,
    carry: States<UnsafeMutablePointer<Float>>, gates dx: UnsafeMutablePointer<Float>,
    product du: UnsafeMutablePointer<Float>
  ) {
    parallelRows(batch, 4 * size * cell.gates) { first, count in
      let (state, gate) = (first * size, first * size * cell.gates)
      let a = kept + first * size * cell.kept
      switch cell {
      case .tanh, .relu:
        lk_rnn_step_gradient(
          count, size, end.h + state, cell == .relu, gradient.h + state, carry.h + state, du + gate)
      case .lstm:
        guard let from = start.c, let to = end.c, let g = gradient.c, let rest = carry.c else {
          return
        }
        lk_lstm_step_gradient(
          count, size, a, from + state, to + state, gradient.h + state, g + state, carry.h + state,
          rest + state, du + gate)
      case .gru:
        lk_gru_step_gradient(
          count, size, a, start.h + state, gradient.h + state, carry.h + state, dx + gate, du + gate
        )
      }
    }
  }
}
