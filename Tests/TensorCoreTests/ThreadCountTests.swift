import Elements
import Kernels
import TensorCore
import Testing
import TestSupport

/// Every bit of results and gradients must be the same for any number of threads.
@Suite(.serialized) struct ThreadCountTests {
  private struct Example: Sendable {
    let name: String
    let shapes: [Shape]
    let function: @Sendable ([Tensor]) -> Tensor
  }

  private static let examples: [Example] = [
    .init(name: "softmax", shapes: [[300, 200]]) { softmax($0[0]) },
    .init(name: "logSoftmax, axis 0", shapes: [[200, 301]]) { logSoftmax($0[0], axis: 0) },
    .init(name: "layerNorm", shapes: [[700, 130], [130], [130]]) {
      layerNorm($0[0], [130], weight: $0[1], bias: $0[2])
    },
    .init(name: "rmsNorm", shapes: [[700, 130], [130]]) { rmsNorm($0[0], [130], weight: $0[1]) },
    .init(name: "groupNorm", shapes: [[9, 12, 1000], [12], [12]]) {
      groupNorm($0[0], groups: 3, weight: $0[1], bias: $0[2])
    },
    .init(name: "batchNorm", shapes: [[9, 13, 1000], [13], [13]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true)
    },
    .init(name: "batchNorm of rows", shapes: [[900, 130], [130], [130]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true)
    },
    .init(name: "crossEntropy", shapes: [[2000, 65]]) {
      crossEntropy($0[0], Tensor((0..<2000).map { Int64($0 % 65) }))
    },
    .init(name: "mseLoss", shapes: [[100_003], [100_003]]) { mseLoss($0[0], $0[1]) },
    .init(name: "dropout", shapes: [[100_003]]) {
      dropout($0[0], generator: Generator(seed: 4))
    },
    .init(name: "attention", shapes: [[2, 3, 150, 20], [2, 3, 150, 20], [2, 3, 150, 20]]) {
      scaledDotProductAttention(
        $0[0], $0[1], $0[2], isCausal: true, dropout: 0.25,
        generator: Generator(seed: 4))
    },
    .init(name: "recurrent", shapes: [[3, 70, 200], [200, 50], [200], [70, 50], [70, 50]]) {
      recurrent(.lstm, $0[0], $0[1], $0[2], from: [$0[3], $0[4]])
    },
    .init(name: "recurrent without gates", shapes: [[3, 71, 300], [300, 300], [71, 300]]) {
      recurrent(.tanh, $0[0], $0[1] * 0.01, nil, from: [$0[2]])
    },
    .init(name: "linear", shapes: [[200, 150], [310, 150], [310]]) {
      linear($0[0], $0[1], $0[2])
    },
    .init(name: "matmul of transposed", shapes: [[150, 420], [310, 150]]) {
      matmul($0[0].transposed(0, 1), $0[1].transposed(0, 1))
    },
    .init(name: "batched matmul", shapes: [[5, 70, 80], [5, 80, 90]]) { matmul($0[0], $0[1]) },
    // Runs of a row, or of one element, in parts of a whole.
    .init(name: "split", shapes: [[700, 3, 60]]) {
      let parts = $0[0].split(size: 1, axis: 1)
      return parts[0] * parts[2] + parts[1]
    },
    .init(name: "transposed", shapes: [[300, 310], [310, 300]]) {
      ($0[0].transposed(0, 1) + $0[1]).reshaped([-1])
    },
    .init(name: "where", shapes: [[310, 1], [300]]) { `where`($0[0] .> 0, $0[1], $0[0]) },
    // An element of the gradient belongs to several windows.
    .init(name: "unfolded", shapes: [[300, 200]]) {
      $0[0].unfolded(axis: 0, size: 3, step: 1) * 2
    },
  ]

  @Test(.ownProducts, arguments: examples.indices, [DType.float32, .float16])
  func bitsDoNotDependOnIt(_ index: Int, _ dtype: DType) {
    let example = Self.examples[index]
    func run() -> [[Float]] {
      let inputs = example.shapes.enumerated().map {
        gridValues($1, seed: UInt64($0 + 1)).converted(to: dtype)
      }
      for input in inputs { input.requiresGrad = true }
      let result = example.function(inputs)
      result.backward(gradient: gridValues(result.shape, seed: 50))
      return [result.floats] + inputs.map { $0.grad?.floats ?? [] }
    }
    let one = withThreads(1, run)
    for threads in 2...4 {
      #expect(withThreads(threads, run) == one, "\(example.name) on \(threads) threads")
    }
  }
}

@Suite struct NormalizationStateTests {
  @Test func dropoutDropsTheRightShareAndKeepsTheMean() {
    let x = Tensor.ones([100_000])
    let y = dropout(x, probability: 0.25, generator: Generator(seed: 1)).floats
    let dropped = y.count { $0 == 0 }
    // Five standard deviations of a binomial: 137 each.
    #expect(abs(dropped - 25_000) < 685)
    #expect(y.allSatisfy { $0 == 0 || $0 == 1 / 0.75 })
    #expect(dropout(x, probability: 1).floats.allSatisfy { $0 == 0 })
    #expect(dropout(x, probability: 0) === x && dropout(x, isTraining: false) === x)
  }

  @Test func dropoutDrawsNewNumbersEachTime() {
    let generator = Generator(seed: 1)
    let x = Tensor.ones([1000])
    let (a, b) = (dropout(x, generator: generator), dropout(x, generator: generator))
    #expect(a.floats != b.floats)
    #expect(a.floats == dropout(x, generator: Generator(seed: 1)).floats)
  }

  /// Targets are copied: changing them afterwards does no harm.
  @Test func crossEntropyKeepsItsTargets() {
    let logits = gridValues([4, 5])
    logits.requiresGrad = true
    let targets = Tensor([0, 4, 2, 2] as [Int32])
    let loss = crossEntropy(logits, targets)
    targets.fill(1)
    loss.backward()
    let gradient = logits.grad?.floats ?? []
    logits.grad = nil
    crossEntropy(logits, Tensor([0, 4, 2, 2] as [Int32])).backward()
    #expect(gradient == logits.grad?.floats)
  }

  @Test func aQueryThatSeesNoKeyGivesZero() {
    let (q, k, v) = (
      gridValues([3, 4]), gridValues([3, 4], seed: 2), gridValues([3, 4], seed: 3)
    )
    for tensor in [q, k, v] { tensor.requiresGrad = true }
    let mask = Tensor([true, true, true, false, false, false, true, false, true], shape: [3, 3])
    let y = scaledDotProductAttention(q, k, v, mask: mask)
    y.sum().backward()
    #expect(y.floats[4..<8].allSatisfy { $0 == 0 })
    #expect(q.grad?.floats[4..<8].allSatisfy { $0 == 0 } ?? false)
    #expect([q, k, v].allSatisfy { $0.grad?.floats.allSatisfy(\.isFinite) ?? false })
  }
}
