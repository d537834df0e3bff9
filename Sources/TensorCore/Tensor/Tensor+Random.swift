import Diagnostics
import Elements

extension Tensor {
  /// Uniform random values in `range`, from `generator` or this thread's default one. Stops unless the
  /// range is finite.
  public static func uniform(
    _ shape: Shape, in range: ClosedRange<Float> = 0...1, generator: Generator = .default
  ) -> Tensor {
    shape.requireSizes("uniform")
    check(
      (range.upperBound - range.lowerBound).isFinite,
      "uniform: the range \(range) is too large; its width must be finite")
    let result = Tensor(uninitialized: shape)
    let pointer = result.pointer(Float.self)
    let width = range.upperBound - range.lowerBound
    generator.fill(result.count) { index, bits in
      pointer[index] = range.lowerBound + width * unitInterval(bits)
    }
    return result
  }

  /// Random values of the standard normal distribution, of type float32, from `generator` or this
  /// thread's default one. Stops if a size is negative.
  public static func normal(_ shape: Shape, generator: Generator = .default) -> Tensor {
    shape.requireSizes("normal")
    let result = Tensor(uninitialized: shape)
    let pointer = result.pointer(Float.self)
    generator.fillNormal(result.count) { pointer[$0] = $1 }
    return result
  }

  /// Random integers in `range`, of type int32. Stops if the range is empty or a size negative.
  public static func randomIntegers(
    _ shape: Shape, in range: Range<Int32>, generator: Generator = .default
  ) -> Tensor {
    check(!range.isEmpty, "randomIntegers: the range \(range) is empty")
    shape.requireSizes("randomIntegers")
    let result = Tensor(uninitialized: shape, .int32)
    let pointer = result.pointer(Int32.self)
    let width = UInt64(Int64(range.upperBound) - Int64(range.lowerBound))
    generator.fill(result.count) { index, bits in
      pointer[index] = range.lowerBound &+ Int32(truncatingIfNeeded: (UInt64(bits) * width) >> 32)
    }
    return result
  }

  /// 1 with probability `probability`, else 0, for every element; of type float32.
  public static func bernoulli(
    _ shape: Shape, probability: Float, generator: Generator = .default
  ) -> Tensor {
    requireProbability("bernoulli", probability)
    shape.requireSizes("bernoulli")
    let result = Tensor(uninitialized: shape)
    let pointer = result.pointer(Float.self)
    generator.fill(result.count) { pointer[$0] = unitInterval($1) < probability ? 1 : 0 }
    return result
  }

  /// The integers 0 ..< `count` in random order, of type int64 (Fisher and Yates).
  public static func permutation(_ count: Int, generator: Generator = .default) -> Tensor {
    check(count >= 0 && count <= Int(UInt32.max), "permutation: of \(count) integers")
    var values = (0..<count).map { Int64($0) }
    generator.fill(Swift.max(0, count - 1)) { index, bits in
      let last = count - 1 - index
      values.swapAt(last, Int((UInt64(bits) * UInt64(last + 1)) >> 32))
    }
    return Tensor(values)
  }
}
