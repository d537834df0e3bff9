import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct LayerTests {
  @Test func linearStartsUniformWithinItsBound() {
    let layer = Linear(400, 50, generator: Generator(seed: 2))
    #expect(layer.weight.shape == [50, 400] && layer.bias?.shape == [50])
    let bound: Float = 1 / 20
    for tensor in [layer.weight, layer.bias ?? layer.weight] {
      let values = tensor.floats
      #expect(values.allSatisfy { abs($0) <= bound })
      // All of the interval is used: the extremes of n uniform values are about 1 / n from the
      // ends.
      #expect((values.max() ?? 0) > bound * 0.8 && (values.min() ?? 0) < -bound * 0.8)
      #expect(tensor.requiresGrad && tensor.isContiguous)
    }
    let variance = layer.weight.squared().mean().item()
    #expect(abs(variance / (Double(bound * bound) / 3) - 1) < 0.03)
  }

  @Test func equalGeneratorsMakeEqualLayers() {
    let layers = (0..<2).map { _ in Linear(5, 4, generator: Generator(seed: 11)) }
    #expect(layers[0].weight.floats == layers[1].weight.floats)
    #expect(layers[0].bias?.floats == layers[1].bias?.floats)
    #expect(Linear(5, 4, generator: Generator(seed: 12)).weight.floats != layers[0].weight.floats)
  }

  @Test func linearWorksOnTheLastAxis() {
    let layer = Linear(2, 3)
    layer.weight.assign(Tensor([[1, 0], [0, 1], [1, 1]] as [[Float]]))
    layer.bias?.assign(Tensor([10, 20, 30] as [Float]))
    #expect(layer(Tensor([1, 2] as [Float])).floats == [11, 22, 33])
    let batch = layer(Tensor([1, 2, 3, 4] as [Float], shape: [2, 1, 2]))
    #expect(batch.shape == [2, 1, 3] && batch.floats == [11, 22, 33, 13, 24, 37])
    #expect(Linear(2, 3, bias: false).bias == nil)
  }

  @Test func correctPredictionsAreCounted() {
    let logits = Tensor([[1, 2, 0], [5, 1, 1], [0, 0, 1], [2, 2, 1]] as [[Float]])
    #expect(correctPredictions(logits, Tensor([1, 0, 0, 0] as [Int32])) == 3)
    #expect(correctPredictions(logits, Tensor([0, 1, 0, 1] as [Int64])) == 0)
    #expect(correctPredictions(.zeros([0, 3]), Tensor([] as [Int32])) == 0)
  }

  @Test func layerOfNegativeSizeStops() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Linear(3, -1) }
    expectMessage("Linear: 3 inputs and -1 outputs; neither may be negative", of: result)
  }
}
