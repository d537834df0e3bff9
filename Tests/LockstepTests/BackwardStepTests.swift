import Lockstep
import TestSupport
import Testing

/// What `backward`, `step`, `zeroGrad` and `item` do, one at a time.
@Suite(.serialized) struct BackwardStepTests {
  @Test func theFourCallsOfALoop() {
    let x = Tensor([1, 2] as [Float])
    x.requiresGrad = true
    let optimizer = SGD([x], learningRate: 0.001)
    #expect(x.grad == nil)
    optimizer.step()
    #expect(x.floats == [1, 2], "a step before backward changes nothing")

    (100 * x).sum().backward()
    #expect(x.grad?.floats == [100, 100])
    optimizer.step()
    expectClose(x.floats, to: [0.9, 1.9], within: .init(relative: 1e-6, absolute: 0))

    (100 * x).sum().backward()
    #expect(x.grad?.floats == [200, 200], "without zeroGrad gradients add up")
    optimizer.zeroGrad()
    #expect(x.grad == nil)
  }

  @Test func zeroGradBeforeOrAfterIsEqual() {
    func train(_ zeroFirst: Bool) -> [Float] {
      let model = Linear(3, 2, generator: Generator(seed: 1))
      let optimizer = AdamW(model.parameters())
      for step in 0..<5 {
        let x = Tensor.normal([4, 3], generator: Generator(seed: UInt64(step)))
        if zeroFirst { optimizer.zeroGrad() }
        model(x).squared().mean().backward()
        optimizer.step()
        if !zeroFirst { optimizer.zeroGrad() }
      }
      return model.parameters().flatMap(\.floats)
    }
    #expect(train(true) == train(false))
  }

  /// A running loss kept with `item()` is a number: it keeps no graph alive, and memory stays flat.
  @Test func aRunningLossKeepsNoGraph() async {
    // In a process of its own: the counters are those of the process.
    await #expect(processExitsWith: .success) {
      let model = Linear(3, 2)
      let x = Tensor.normal([4, 3])
      func used(by running: () -> Void) -> Int {
        running()
        let before = MemoryPool.statistics.usedBytes
        for _ in 0..<1000 { running() }
        return MemoryPool.statistics.usedBytes - before
      }
      var running = 0.0
      #expect(used { running += model(x).squared().mean().item() } == 0)
      #expect(running > 0)
      // Without `item()` the sum holds the graphs of all steps: what the line above is to notice.
      var sum = Tensor(Float(0))
      #expect(used { sum = sum + model(x).squared().mean() } >= 1000 * 64)
    }
  }

  /// With a smaller last batch the mean of batch means is not the mean over samples; both are
  /// offered.
  @Test func meansWithASmallerLastBatch() {
    let losses: [(value: Double, samples: Int)] = [(1, 4), (2, 4), (10, 1)]
    var ofBatches = RunningMean()
    var ofSamples = RunningMean()
    for (value, samples) in losses {
      ofBatches.add(value)
      ofSamples.add(value, samples: samples)
    }
    #expect(ofBatches.mean == 13.0 / 3)
    #expect(ofSamples.mean == 22.0 / 9)
  }
}
