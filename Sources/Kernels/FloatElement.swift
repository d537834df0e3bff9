import Diagnostics

/// A Swift type of floats that tensors store.
package protocol FloatElement: TensorElement, BinaryFloatingPoint {}

extension Float: FloatElement {}
extension Float16: FloatElement {}

extension DType {
  /// The Swift type of these floats; stops for other types.
  ///
  /// Code for floats of every type is generic and called with it: `sum(dtype.floatElement)` calls
  /// `func sum<Element: FloatElement>(_: Element.Type)`. A new type of floats is a compile error
  /// here, and then works there.
  package var floatElement: any FloatElement.Type {
    switch self {
    case .float16: Float16.self
    case .float32: Float.self
    case .bool, .uint8, .int32, .int64: stop("code for floats got a tensor of \(self)")
    }
  }
}
