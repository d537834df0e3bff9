import TensorCore
import TestSupport
import Testing

/// Every loss of a prediction and a target.
private let pairLosses: [(name: String, loss: @Sendable (Tensor, Tensor) -> Tensor)] = [
  ("mseLoss", { mseLoss($0, $1) }), ("l1Loss", { l1Loss($0, $1) }),
  ("smoothL1Loss", { smoothL1Loss($0, $1) }), ("huberLoss", { huberLoss($0, $1) }),
  ("binaryCrossEntropy", { binaryCrossEntropy($0, $1) }),
  ("binaryCrossEntropy", { binaryCrossEntropy($0, $1, weight: .ones([])) }),
  ("binaryCrossEntropyWithLogits", { binaryCrossEntropyWithLogits($0, $1) }),
  (
    "binaryCrossEntropyWithLogits",
    { binaryCrossEntropyWithLogits($0, $1, posWeight: .ones([])) }
  ),
  ("klDivergence", { klDivergence($0, $1) }),
  ("klDivergence", { klDivergence($0, $1, logTarget: true) }),
]

/// Shapes of a prediction and a target that differ, and what is said to do.
private let differing: [(prediction: Shape, target: Shape, mend: String)] = [
  ([64, 1], [64], "use target.unsqueezed(1) or prediction.squeezed(1)"),
  ([64], [64, 1], "use target.squeezed(1) or prediction.unsqueezed(1)"),
  ([1, 5], [5], "use target.unsqueezed(0) or prediction.squeezed(0)"),
  ([3, 4], [4], "use target.expanded(to: prediction.shape)"),
  ([3, 1], [3, 4], "use prediction.expanded(to: target.shape)"),
  ([2, 3], [6], "if their elements are in the same order, use target.reshaped(prediction.shape)"),
  ([2], [3], "there must be one target for each prediction"),
  ([3, 1], [1, 4], "there must be one target for each prediction"),
  ([0], [3], "there must be one target for each prediction"),
]

/// What the losses of pairs say of shapes.
let pairMisuses: [Misuse] =
  pairLosses.map { name, loss in
    Misuse(
      "\(name): prediction [64, 1] and target [64] differ in shape; use target.unsqueezed(1) or "
        + "prediction.squeezed(1)"
    ) { _ = loss(zeros([64, 1]), zeros([64])) }
  }
  + differing.map { prediction, target, mend in
    Misuse("mseLoss: prediction \(prediction) and target \(target) differ in shape; \(mend)") {
      _ = mseLoss(zeros(prediction), zeros(target))
    }
  } + [
    Misuse("binaryCrossEntropy: weight [4, 6] does not broadcast to the losses [6]") {
      _ = binaryCrossEntropy(zeros([6]), zeros([6]), weight: zeros([4, 6]))
    },
    Misuse("binaryCrossEntropyWithLogits: posWeight [4, 6] does not broadcast to the losses") {
      _ = binaryCrossEntropyWithLogits(zeros([6]), zeros([6]), posWeight: zeros([4, 6]))
    },
    Misuse("binaryCrossEntropy: a target is not between 0 and 1") {
      _ = binaryCrossEntropy(zeros([2]), Tensor([0, 2] as [Float]))
    },
    Misuse("binaryCrossEntropy: a target is not between 0 and 1") {
      _ = binaryCrossEntropy(zeros([2]), Tensor([0, .nan] as [Float]))
    },
    Misuse("binaryCrossEntropy: an input is not a probability between 0 and 1") {
      _ = binaryCrossEntropy(Tensor([0, .nan] as [Float]), zeros([2]))
    },
    Misuse("smoothL1Loss: beta nan is negative or not a number") {
      _ = smoothL1Loss(zeros([2]), zeros([2]), beta: .nan)
    },
    Misuse("huberLoss: delta nan is not positive") {
      _ = huberLoss(zeros([2]), zeros([2]), delta: .nan)
    },
  ]

@Suite struct PairLossTests {
  /// A line through given points is found, with targets in the shape of the predictions.
  @Test func regressionFindsTheLine() {
    let generator = Generator(seed: 1)
    let x = Tensor.normal([64, 3], generator: generator)
    let (weight, bias) = (Tensor.zeros([1, 3]), Tensor.zeros([1]))
    for parameter in [weight, bias] { parameter.requiresGrad = true }
    for _ in 1...500 {
      let target = (x[.all, 0] * 2 + 1).unsqueezed(1)
      mseLoss(linear(x, weight, bias), target).backward()
      noGrad {
        for parameter in [weight, bias] {
          if let gradient = parameter.grad { parameter -= gradient * 0.3 }
          parameter.grad = nil
        }
      }
    }
    let expected: [Float] = [2, 0, 0, 1]
    for (found, right) in zip(weight.floats + bias.floats, expected) {
      #expect(abs(found - right) < 1e-4)
    }
  }

  /// A weight broadcasts to the losses, as in PyTorch.
  @Test func weightsBroadcast() {
    let x = Tensor([[0.25, 0.5], [0.75, 0.125]])
    let y = Tensor([[1.0, 0.0], [0.0, 1.0]])
    let weight = Tensor([2.0, 3.0])
    let plain = binaryCrossEntropy(x, y, reduction: .none)
    let weighted = binaryCrossEntropy(x, y, weight: weight, reduction: .none)
    #expect(weighted.floats == (plain * weight).floats)
  }
}
