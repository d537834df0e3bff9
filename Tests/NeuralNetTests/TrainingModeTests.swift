import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Layers that behave differently in training.
@Suite struct TrainingModeTests {
  @Test func dropoutActsInTrainingOnly() {
    let layer = Dropout(probability: 0.25, generator: Generator(seed: 3))
    let x = Tensor.ones([400, 25])
    let y = layer(x).floats
    #expect(Set(y) == [0, 1 / Float(0.75)])
    #expect(abs(Double(y.count { $0 == 0 }) / 1e4 - 0.25) < 0.02)
    #expect(layer(x).floats != y, "every call draws anew")
    layer.eval()
    #expect(layer(x) === x)
    let again = Dropout(probability: 0.25, generator: Generator(seed: 3))
    #expect(again(x).floats == y)
  }

  @Test func dropoutFollowsTheDefaultGenerator() {
    let layer = Dropout()
    let draw = {
      Generator.seed(5)
      return layer(.ones([64])).floats
    }
    #expect(draw() == draw())
  }

  @Test func dropout2dDropsWholeChannels() {
    let layer = Dropout2d(probability: 0.5, generator: Generator(seed: 1))
    let x = Tensor.uniform([20, 10, 3, 2], in: 1...2, generator: Generator(seed: 2))
    let factors = (layer(x) / x).reshaped([200, 6]).floats
    let first = stride(from: 0, to: 1200, by: 6).map { factors[$0] }
    #expect(Set(first) == [0, 2])
    #expect((0..<1200).allSatisfy { factors[$0] == first[$0 / 6] })
    layer.eval()
    #expect(layer(x) === x)
  }

  @Test func runningStatisticsWithoutMomentumAreMeansOverBatches() {
    let layer = BatchNorm1d(2, momentum: nil)
    let batches = (0..<4).map {
      Tensor.normal([8, 2], generator: Generator(seed: UInt64($0))) * Float($0 + 1) + Float($0)
    }
    for batch in batches { _ = layer(batch) }
    #expect(layer.numBatchesTracked?.item() == 4)
    let means = stack(batches.map { $0.mean(axis: 0) }).mean(axis: 0)
    let variances = stack(batches.map { $0.variance(axis: 0) }).mean(axis: 0)
    expectClose(layer.runningMean ?? .zeros([]), to: means)
    expectClose(layer.runningVar ?? .zeros([]), to: variances)
    layer.eval()
    let expected = (batches[0] - means) / (variances + 1e-5).squareRoot()
    expectClose(layer(batches[0]), to: expected)
    #expect(layer.numBatchesTracked?.item() == 4, "evaluation changes nothing")
  }

  @Test func withoutRunningStatisticsEvaluationUsesTheBatch() {
    let layer = BatchNorm2d(3, affine: false, trackRunningStats: false)
    #expect(layer.namedTensors().isEmpty)
    let x = Tensor.normal([2, 3, 4, 4], generator: Generator(seed: 1)) * 3 + 1
    let trained = layer(x)
    layer.eval()
    #expect(layer(x).floats == trained.floats)
    expectClose(trained.mean(axes: [0, 2, 3]), to: .zeros([3]))
  }

  @Test func recurrentLayersDropBetweenLayersOnly() {
    let x = Tensor.normal([4, 2, 3], generator: Generator(seed: 1))
    let make = { (layers: Int, dropout: Float) in
      LSTM(3, 5, layers: layers, dropout: dropout, generator: Generator(seed: 7))
    }
    #expect(make(1, 0.5)(x).output.floats == make(1, 0)(x).output.floats)
    let layer = make(2, 0.5)
    #expect(layer(x).output.floats != make(2, 0)(x).output.floats)
    layer.eval()
    #expect(layer(x).output.floats == make(2, 0)(x).output.floats)
  }

  @Test func attentionIsDroppedInTrainingOnly() {
    let layer = MultiHeadAttention(4, heads: 2, dropout: 0.5, generator: Generator(seed: 1))
    let x = Tensor.normal([6, 2, 4], generator: Generator(seed: 2))
    let first = layer(x, x, x).floats
    #expect(layer(x, x, x).floats != first)
    layer.eval()
    #expect(layer(x, x, x).floats == layer(x, x, x).floats)
  }
}
