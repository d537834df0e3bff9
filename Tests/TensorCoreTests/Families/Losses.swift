import TensorCore
import TestSupport

let lossFamily = OperationFamily(
  "losses",
  table: [
    "crossEntropy": .init(lacks: {
      try $0.shape(of: "input0").count != 2 || $0.inputCount > 2
        || $0.number("labelSmoothing") != 0
        || $0.requiredTensor("input1").array(of: Int64.self)
          .contains(try Int64($0.integer("ignoreIndex") ?? 0))
    }) { crossEntropy($1[0], $1[1], reduction: try $0.reduction) },
    "mseLoss": .init { mseLoss($1[0], $1[1], reduction: try $0.reduction) },
  ],
  missing: [
    "binaryCrossEntropy", "binaryCrossEntropyWithLogits", "crossEntropyProbabilities",
    "huberLoss", "klDivergence", "l1Loss", "nllLoss", "smoothL1Loss",
  ],
  differentiable: [
    .init("crossEntropy", [[4, 5]]) { crossEntropy($0[0], Tensor([0, 4, 2, 2] as [Int32])) },
    .init("crossEntropy of each sample", [[4, 5]]) {
      crossEntropy($0[0], Tensor([0, 4, 2, 2] as [Int64]), reduction: .none)
    },
    .init("mseLoss", [[3, 4], [3, 4]]) { mseLoss($0[0], $0[1]) },
  ],
  misuses: [
    .init("crossEntropy: logits [2, 3] and targets [3]: expected [samples, classes] and [samples]")
    {
      _ = crossEntropy(zeros([2, 3]), zeros([3]))
    },
    .init("crossEntropy: targets of type float32; expected class indices") {
      _ = crossEntropy(zeros([2, 3]), zeros([2]))
    },
    .init("crossEntropy: target 3 at index 1 is outside 0 ..< 3") {
      _ = crossEntropy(zeros([2, 3]), Tensor([0, 3] as [Int64]))
    },
    .init("crossEntropy: target -1 at index 0 is outside 0 ..< 3") {
      _ = crossEntropy(zeros([1, 3]), Tensor([-1] as [Int32]))
    },
    .init("crossEntropy: target 4294967296 at index 0 is outside 0 ..< 3") {
      _ = crossEntropy(zeros([1, 3]), Tensor([1 << 32] as [Int64]))
    },
  ])

extension FixtureCase {
  var reduction: LossReduction {
    get throws {
      switch try text("reduction") {
      case "mean": .mean
      case "sum": .sum
      case "none": .none
      case let other: throw FixtureError(description: "\(path): no reduction \(other)")
      }
    }
  }
}
