import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Loss modules hand their arguments to the functions, which are tested with PyTorch's numbers.
@Suite struct LossModuleTests {
  @Test func lossesOfClasses() {
    let logits = gridValues([6, 4], seed: 1)
    let classes = Tensor([0, 3, 2, 2, -100, 1] as [Int64])
    let weight = Tensor([1, 2, 0.5, 1] as [Float])
    #expect(CrossEntropyLoss()(logits, classes).item() == crossEntropy(logits, classes).item())
    let loss = CrossEntropyLoss(
      weight: weight, ignoreIndex: 2, labelSmoothing: 0.1, reduction: .sum)
    let known = Tensor([0, 3, 2, 2, 1, 1] as [Int64])
    #expect(
      loss(logits, known).item()
        == crossEntropy(
          logits, known, weight: weight, ignoreIndex: 2, labelSmoothing: 0.1, reduction: .sum
        ).item())
    #expect(loss.namedBuffers().map(\.name) == ["weight"] && loss.parameters().isEmpty)
    let logarithms = logSoftmax(logits)
    #expect(
      NLLLoss(weight: weight, ignoreIndex: 3, reduction: .none)(logarithms, known).floats
        == nllLoss(logarithms, known, weight: weight, ignoreIndex: 3, reduction: .none).floats)
    let targets = softmax(gridValues([6, 4], seed: 2))
    #expect(
      KLDivLoss(reduction: .batchMean)(logarithms, targets).item()
        == klDivergence(logarithms, targets, reduction: .batchMean).item())
    #expect(
      KLDivLoss(logTarget: true)(logarithms, targets.log()).item()
        == klDivergence(logarithms, targets.log(), logTarget: true).item())
    #expect(
      BCELoss(weight: weight, reduction: .sum)(softmax(logits), targets).item()
        == binaryCrossEntropy(softmax(logits), targets, weight: weight, reduction: .sum).item())
    let binary = BCEWithLogitsLoss(posWeight: weight, reduction: .none)
    #expect(
      binary(logits, targets).floats
        == binaryCrossEntropyWithLogits(
          logits, targets, posWeight: weight, reduction: .none
        ).floats)
    #expect(binary.namedBuffers().map(\.name) == ["pos_weight"])
  }

  @Test func lossesOfDistances() {
    let (x, y) = (gridValues([5, 3], seed: 1), gridValues([5, 3], seed: 2))
    #expect(MSELoss()(x, y).item() == mseLoss(x, y).item())
    #expect(MSELoss(reduction: .sum)(x, y).item() == mseLoss(x, y, reduction: .sum).item())
    #expect(L1Loss(reduction: .none)(x, y).floats == l1Loss(x, y, reduction: .none).floats)
    #expect(L1Loss()(x, y).item() == l1Loss(x, y).item())
    #expect(
      SmoothL1Loss(beta: 0.5, reduction: .sum)(x, y).item()
        == smoothL1Loss(x, y, beta: 0.5, reduction: .sum).item())
    #expect(
      HuberLoss(delta: 0.5, reduction: .none)(x, y).floats
        == huberLoss(x, y, delta: 0.5, reduction: .none).floats)
  }
}
