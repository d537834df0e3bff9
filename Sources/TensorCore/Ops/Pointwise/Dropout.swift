import CKernels
import Diagnostics
import Elements
import Kernels
import Parallel

/// In training every element is 0 with `probability`, and else multiplied by 1 / (1 - probability);
/// in evaluation `x` itself.
///
/// Which elements vanish is a function of the generator's position, so that no mask is kept: the
/// gradient draws the same numbers again.
public func dropout(
  _ x: Tensor, probability: Float = 0.5, isTraining: Bool = true, generator: Generator = .default
) -> Tensor {
  x.requireFloat("dropout")
  requireProbability("dropout", probability)
  if !isTraining || probability == 0 { return x }
  let mask = DropoutMask(probability, count: x.count, generator)
  return mask.applied(to: x).recorded("dropout", x.edge { mask.applied(to: $0) })
}

/// Stops unless `probability` is one.
package func requireProbability(_ name: StaticString, _ probability: Float) {
  check(
    probability >= 0 && probability <= 1,
    "\(name): probability \(probability) is not between 0 and 1")
}

/// The random numbers that decide which elements vanish.
struct DropoutMask {
  private let threshold: UInt32
  private let scale: Float
  private let key: UInt64
  private let stream: UInt64
  private let first: UInt64

  /// Sets aside the numbers for `count` elements.
  init(_ probability: Float, count: Int, _ generator: Generator) {
    threshold = UInt32(clamping: Int64((Double(probability) * 0x1p32).rounded()))
    // At probability 1 the words that are not below the threshold must vanish too.
    scale = probability == 1 ? 0 : 1 / (1 - probability)
    key = generator.key
    stream = generator.stream
    first = generator.reserve(Self.blocks(count))
  }

  /// Counter values for `count` elements: 16 for every 64.
  static func blocks(_ count: Int) -> UInt64 { UInt64((count + 63) / 64 * 16) }

  /// A fresh tensor: `x` with its elements dropped and scaled.
  func applied(to x: Tensor) -> Tensor {
    let values = x.contiguousValues()
    let result = Tensor(uninitialized: x.shape, x.dtype)
    let list: InlineArray<2, RowOperand> = [values.rows(1), result.rows(1, .write)]
    let chunks = (x.count + 63) / 64
    parallelRows(chunks, 64) { chunk, count in
      let end = min((chunk + count) * 64, x.count)
      forEachRowBlock(chunk * 64..<end, list) { start, count, at in
        apply(count, at[0], into: at[1], from: Self.blocks(start))
      }
    }
    withExtendedLifetime(values) {}
    return result
  }

  /// The same for `count` elements in memory, with the numbers from block `block` on.
  func apply(
    _ count: Int, _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
    from block: UInt64
  ) {
    lk_dropout(count, target, source, threshold, scale, key, stream, first + block)
  }
}
