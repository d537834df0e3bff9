import Lockstep
import ModelZoo
import TensorCore
import Testing

/// Once warm, a training step takes every buffer from the pool and gives it back.
@Suite(.serialized) struct WarmStepTests {
  @Test func stepsAllocateNothing() async {
    // In a process of its own: the counters are those of the process.
    await #expect(processExitsWith: .success) {
      let images = Tensor.uniform([4, 3, 12, 12])
      let classes = Tensor([0, 1, 2, 3] as [Int32])
      let text = Tensor((0..<32).map { Int32($0 % 11) }).reshaped([4, 8])
      let imageModels: [any Layer] = [
        MLP([3 * 12 * 12, 32, 10]), LeNet(channels: 3, height: 12, width: 12, classes: 10),
        ResNet(blocksPerStage: 1),
      ]
      let textModels: [any Layer] = [
        GPT(
          GPTConfiguration(
            vocabulary: 11, context: 8, layers: 2, heads: 2, width: 16, dropout: 0.1)),
        RecurrentLanguageModel(.lstm, vocabulary: 11, features: 8, hidden: 16),
      ]
      let losses: [(any Layer, () -> Tensor)] =
        imageModels.map { model in (model, { crossEntropy(model(images), classes) }) }
        + textModels.map { model in
          (model, { crossEntropy(model(text).flattened(to: 1), text.flattened()) })
        }
      for (model, loss) in losses {
        let optimizer = AdamW(model.parameters())
        func step() {
          optimizer.zeroGrad()
          loss().backward()
          clipGradientNorm(model.parameters(), maximum: 1)
          optimizer.step()
        }
        for _ in 0..<3 { step() }
        let warm = MemoryPool.statistics
        for _ in 0..<5 { step() }
        let after = MemoryPool.statistics
        #expect(after.systemAllocations == warm.systemAllocations, "\(type(of: model))")
        #expect(after.usedBytes == warm.usedBytes, "\(type(of: model))")
      }
    }
  }
}
