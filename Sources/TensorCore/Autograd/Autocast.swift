import CRuntime
import Diagnostics
public import Elements

/// Runs `body` with matrix products, convolutions and attention on operands of type `dtype`, and
/// what needs range or precision (losses, softmax, norms, exponentials, sums) on Float32, whatever
/// the types of their operands; on this thread.
///
/// Parameters stay as they are: copies of them are made when they are first used, kept for the rest
/// of the region, and dropped at its end. Gradients reach the parameters in their own type. Regions
/// nest; with `enabled: false` a region has none of this. `backward()` is not affected. With float16
/// use a `GradientScaler`. Docs/mixed-precision.md lists what runs in which type.
///
/// Stops for types other than float16 and bfloat16, and in a region of the other of these.
public func autocast<Result, Failure: Error>(
  _ dtype: DType = .float16, enabled: Bool = true, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  check(
    dtype.isNarrowFloat,
    "autocast: \(dtype); operations can be cast to \(DType.list(\.isNarrowFloat)) only")
  let region = enabled ? AutocastRegion.current ?? AutocastRegion(dtype) : nil
  check(
    region == nil || region?.dtype == dtype,
    "autocast: \(dtype) in a region of \(region?.dtype ?? dtype); end that before")
  return try AutocastRegion.with(region, body)
}

/// Whether an `autocast` region is open on this thread.
public var isAutocastEnabled: Bool { AutocastRegion.current != nil }

/// The parameters that were converted in an `autocast` region.
final class AutocastRegion {
  /// What products run in.
  let dtype: DType
  private var casts: [Key: Cast] = [:]

  init(_ dtype: DType) { self.dtype = dtype }

  private struct Key: Hashable {
    let tensor: ObjectIdentifier
    /// A copy that was made without recording hands on no gradient.
    let isRecorded: Bool
  }

  private struct Cast {
    /// Kept, so that no other tensor takes its place in memory.
    let source: Tensor
    let version: UInt32
    let result: Tensor

    /// Whether the values are those of the parameter, and the graph is there.
    var isCurrent: Bool {
      source.storage.version == version && (result.node as? Operation)?.isFreed != true
    }
  }

  /// The innermost region of this thread; nil where there is none, or it is turned off.
  @inline(__always)
  static var current: AutocastRegion? {
    lk_autocast_region().pointee.map {
      Unmanaged<AutocastRegion>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// Runs `body` in `region`, or in none.
  static func with<Result, Failure: Error>(
    _ region: AutocastRegion?, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let slot = lk_autocast_region()
    let outer = slot.pointee
    slot.pointee = region.map { Unmanaged.passUnretained($0).toOpaque() }
    defer {
      slot.pointee = outer
      withExtendedLifetime(region) {}
    }
    return try body()
  }

  func converted(_ tensor: Tensor, to dtype: DType) -> Tensor {
    guard tensor.dtype.isFloatingPoint, tensor.dtype != dtype else { return tensor }
    guard tensor.node is Leaf || tensor.isFrozen else { return tensor.converted(to: dtype) }
    let key = Key(tensor: ObjectIdentifier(tensor), isRecorded: tensor.isTracked)
    if let cast = casts[key], cast.isCurrent { return cast.result }
    let result = tensor.converted(to: dtype)
    casts[key] = Cast(source: tensor, version: tensor.storage.version, result: result)
    return result
  }
}

/// What an operation does with its operands in an `autocast` region.
///
/// ```
/// if let cast = Autocast("linear") { return cast.run { linear(cast(x), cast(weight)) } }
/// ```
struct Autocast {
  private let region: AutocastRegion
  private let dtype: DType

  /// nil where `operation` takes its operands as they are.
  @inline(__always)
  init?(_ operation: StaticString) {
    guard let region = AutocastRegion.current else { return nil }
    self.init(operation, in: region)
  }

  private init?(_ operation: StaticString, in region: AutocastRegion) {
    guard let policy = autocastPolicies[operation.description] else { return nil }
    self.region = region
    dtype = policy == .narrow ? region.dtype : .float32
  }

  /// `operand` in the type that the operation runs in, if it is a float.
  func callAsFunction(_ operand: Tensor) -> Tensor { region.converted(operand, to: dtype) }

  /// The same for an operand that may be absent.
  func callAsFunction(_ operand: Tensor?) -> Tensor? { operand.map { self($0) } }

  /// The result of the operation itself.
  func run(_ operation: () -> Tensor) -> Tensor { AutocastRegion.with(nil, operation) }
}
