import TensorCore
import TestSupport
import Testing

/// The bytes that `body` took from the pool and did not give back.
private func bytesKept(by body: () -> Void) -> Int {
  let before = MemoryPool.statistics.usedBytes
  body()
  return MemoryPool.statistics.usedBytes - before
}

/// Graphs are freed, whatever their depth, and give their memory back.
///
/// The counters of the pool are those of the process, so each test runs in one of its own.
@Suite(.serialized) struct GraphMemoryTests {
  @Test func chainOfAHundredThousandRunsBackward() async {
    await #expect(processExitsWith: .success) {
      let kept = bytesKept {
        let x = leaf([1])
        var y = x
        for _ in 0..<100_000 { y = y * 1 + x }
        y.backward()
        #expect(x.grad?.floats == [100_001])
      }
      #expect(kept == 0)
    }
  }

  /// Freed without a backward pass, a chain must not need a stack frame for each node.
  @Test(arguments: ["add", "multiply", "squared", "tanh", "reshaped", "linear"])
  func chainOfAHundredThousandIsFreed(_ operation: String) async {
    await #expect(processExitsWith: .success) { [operation] in
      let kept = bytesKept {
        var y = Tensor.ones([1, 1])
        y.requiresGrad = true
        for _ in 0..<100_000 {
          switch operation {
          case "add": y = y + y
          case "multiply": y = y * y
          case "squared": y = y.squared()
          case "tanh": y = tanh(y)
          case "reshaped": y = y.reshaped([1, 1])
          default: y = linear(y, y)
          }
        }
      }
      #expect(kept == 0)
    }
  }

  /// Under `retainGraph` the graph lives as long as its result.
  @Test func retainedGraphIsFreedWithItsResult() async {
    await #expect(processExitsWith: .success) {
      let kept = bytesKept {
        let x = leaf([1, 2, 3])
        let keptByGraph = bytesKept {
          var loss: Tensor? = (x * x).exp().sum()
          x.grad = .zeros([3])
          let keptByPass = bytesKept { loss?.backward(retainGraph: true) }
          #expect(keptByPass == 0)
          loss?.backward()
          loss = nil
        }
        #expect(keptByGraph == 64, "the gradient")
        withExtendedLifetime(x) {}
      }
      #expect(kept == 0)
    }
  }

  @Test func noGradKeepsNothing() async {
    await #expect(processExitsWith: .success) {
      let x = leaf([1, 2, 3])
      var y: Tensor?
      let kept = bytesKept { y = noGrad { ((x * x).exp() + x).sum() } }
      #expect(kept == 64, "the result")
      #expect(y?.requiresGrad == false)
    }
  }

  @Test func warmTrainingStepAllocatesNothingFromTheSystem() async {
    await #expect(processExitsWith: .success) {
      let generator = Generator(seed: 3)
      let weights = [[32, 64], [32], [10, 32], [10]].map { Tensor.normal($0, generator: generator) }
      for weight in weights { weight.requiresGrad = true }
      let x = Tensor.normal([50, 64], generator: generator)
      let labels = Tensor.randomIntegers([50], in: 0..<10, generator: generator)
      func step() {
        for weight in weights { weight.grad = nil }
        let hidden = relu(linear(x, weights[0], weights[1]))
        crossEntropy(linear(hidden, weights[2], weights[3]), labels).backward()
      }
      for _ in 0..<2 { step() }
      let warm = MemoryPool.statistics
      let kept = bytesKept { for _ in 0..<20 { step() } }
      let now = MemoryPool.statistics
      #expect(kept == 0)
      #expect(now.systemAllocations == warm.systemAllocations)
      #expect(now.systemBytes == warm.systemBytes)
      #expect(now.peakUsedBytes == warm.peakUsedBytes)
      withExtendedLifetime((weights, x, labels)) {}
    }
  }
}
