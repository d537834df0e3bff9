package import CFloats
import Diagnostics

/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  /// True or false, one byte each.
  case bool
  /// Bytes: pixels, for example.
  case uint8
  /// 32-bit signed integers; class labels.
  case int32
  /// 64-bit signed integers; positions.
  case int64
  /// IEEE half precision, for storage: kernels compute in float32.
  case float16
  /// The upper half of single precision: its range, with 8 bits of precision; for storage, too.
  case bfloat16
  /// IEEE single precision.
  case float32

  /// Bytes of one element.
  public var size: Int { word.rawValue }

  /// The memory of one element, for code that moves elements and does not look into them.
  package var word: Word {
    switch self {
    case .bool, .uint8: .one
    case .float16, .bfloat16: .two
    case .int32, .float32: .four
    case .int64: .eight
    }
  }

  /// How much memory an element takes; the raw value is the number of bytes.
  package enum Word: Int {
    case one = 1
    case two = 2
    case four = 4
    case eight = 8
  }

  /// What elements are, for code that need not know which floats they are.
  package var elementKind: ElementKind {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .int32: .int32
    case .int64: .int64
    case .float16, .bfloat16, .float32: .float
    }
  }

  /// The types of elements, with one case for all floats.
  package enum ElementKind { case bool, uint8, int32, int64, float }

  /// Whether elements can have a gradient.
  public var isFloatingPoint: Bool { elementKind == .float }

  /// Whether elements are floats of another type than kernels compute in: they are converted on
  /// the way in and out.
  package var isNarrowFloat: Bool { isFloatingPoint && self != .float32 }

  /// Whether elements are floats of a smaller range than kernels compute in, so that gradients are
  /// lost there unless the loss is scaled.
  package var hasNarrowRange: Bool { self == .float16 }

  /// The Swift type of the elements.
  package var elementType: any TensorElement.Type {
    switch self {
    case .bool: Bool.self
    case .uint8: UInt8.self
    case .int32: Int32.self
    case .int64: Int64.self
    case .float16: Float16.self
    case .bfloat16: BFloat16.self
    case .float32: Float.self
    }
  }

  /// How C kernels call this type of floats.
  package var storage: lk_storage {
    switch self {
    case .float16: LK_FLOAT16
    case .bfloat16: LK_BFLOAT16
    case .float32: LK_FLOAT32
    case .bool, .uint8, .int32, .int64: stop("a kernel for floats got a tensor of \(self)")
    }
  }

  /// The name as in `DType`'s cases.
  public var description: String {
    switch self {
    case .bool: "bool"
    case .uint8: "uint8"
    case .int32: "int32"
    case .int64: "int64"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .float32: "float32"
    }
  }

  /// The names of the types that `isListed` is true of, as in `float16 or bfloat16`.
  package static func list(_ isListed: (DType) -> Bool) -> String {
    let names = allCases.filter(isListed).map(\.description)
    return (names.count > 1 ? names.dropLast().joined(separator: ", ") + " or " : "")
      + (names.last ?? "")
  }

  /// The type that holds values of both types, by PyTorch's rules: floats win over integers,
  /// integers over booleans, and the larger over the smaller. Neither of two narrow types of floats
  /// holds the other's: float32 does.
  package func promoted(with other: DType) -> DType {
    if isNarrowFloat, other.isNarrowFloat, self != other { return .float32 }
    return rawValue >= other.rawValue ? self : other
  }
}
