import Kernels
import TensorCore
import TestSupport
import Testing

/// PyTorch's gradients at infinities, NaN and ties, where a fixture cannot say it: attributes that
/// are not finite. The fixtures' cases `odd…` hold the others.
@Suite struct OddGradientTests {
  private let ends: [Float] = [.nan, .infinity, -.infinity, 0, 1, -1]

  private func gradient(_ values: [Float], _ function: (Tensor) -> Tensor) -> [Float] {
    let x = Tensor(values)
    x.requiresGrad = true
    let y = function(x)
    y.backward(gradient: .ones(y.shape))
    return x.grad?.floats ?? []
  }

  /// A limit that is NaN makes everything NaN, and takes no gradient.
  @Test func limitsThatAreNaN() {
    let limits: [(Float?, Float?)] = [(.nan, nil), (nil, .nan), (.nan, 1), (-1, .nan)]
    for (lower, upper) in limits {
      #expect(Tensor(ends).clamped(from: lower, to: upper).floats.allSatisfy { $0.isNaN })
      let found = gradient(ends) { $0.clamped(from: lower, to: upper) }
      #expect(found == [0, 0, 0, 0, 0, 0])
    }
  }

  /// An open side has no end, not even at infinity; a limit of infinity is one.
  @Test func openSides() {
    #expect(gradient(ends) { $0.clamped(from: -0.5) } == [0, 1, 0, 1, 1, 0])
    #expect(gradient(ends) { $0.clamped(to: 0.5) } == [0, 0, 1, 1, 0, 1])
    #expect(gradient(ends) { $0.clamped(from: -.infinity, to: .infinity) } == [0, 0, 0, 1, 1, 1])
  }

  @Test func largestMagnitude() {
    #expect(gradient([1, .nan, 3, 2]) { $0.norm(.infinity) } == [0, 0, 0, 0])
    #expect(gradient([1, -3, 3, 2]) { $0.norm(.infinity) } == [0, -0.5, 0.5, 0])
    #expect(gradient([1, -.infinity, 3, 2]) { $0.norm(.infinity) } == [0, -1, 0, 0])
  }

  /// In the memory of a narrow float, and in place, as out of it.
  @Test func rectifiedInPlaceAndNarrow() {
    for type in [DType.float32, .float16] {
      let found = gradient(ends) { x in
        let copy = x.converted(to: type)
        let y = copy * 1
        y.formRelu()
        return y
      }
      #expect(found == [1, 1, 0, 0, 1, 0], "\(type)")
    }
    #expect(gradient(ends) { relu($0) } == [1, 1, 0, 0, 1, 0])
  }

  /// A recurrent step that rectifies passes on the gradient at NaN, as `relu` does.
  @Test func rectifiedSteps() {
    let gates = Tensor([Float.nan, 1, -1, 0], shape: [1, 4, 1])
    gates.requiresGrad = true
    let y = recurrent(.relu, gates, .zeros([1, 1]), nil, from: [.zeros([4, 1])])
    y.backward(gradient: .ones(y.shape))
    #expect(gates.grad?.floats == [1, 1, 0, 0])
  }

  /// Scores so large that rounding them moves their exponentials: the probabilities of a query still
  /// add up to 1, so that equal gradients cancel. Checked where they are kept and where not.
  @Test(arguments: [(8, 8, 32), (64, 256, 4)])
  func saturatedAttention(_ queries: Int, _ keys: Int, _ features: Int) {
    let query = Tensor((0..<(queries * features)).map { Float($0 % 13) * 3 - 17 })
      .reshaped([queries, features])
    let key = Tensor((0..<(keys * features)).map { Float($0 % 11) * 4 - 19 })
      .reshaped([keys, features])
    // Equal values: whatever the probabilities are, the result does not depend on them.
    let value = Tensor.full([keys, 2], 1000)
    for tensor in [query, key] { tensor.requiresGrad = true }
    let result = scaledDotProductAttention(query, key, value, scale: 1)
    result.backward(gradient: .ones(result.shape))
    for (name, gradient) in [("query", query.grad), ("key", key.grad)] {
      let largest = gradient?.abs().max().item() ?? .nan
      #expect(largest < 2e-2, "\(name): \(largest)")
    }
  }
}
