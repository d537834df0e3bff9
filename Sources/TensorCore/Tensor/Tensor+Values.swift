import Diagnostics
import Kernels

extension Tensor {
  /// The value of a tensor of one element, as a double. Stops for others.
  public func item() -> Double {
    check(count == 1, "item: a tensor of shape \(shape) holds \(count) values; item() takes one")
    return switch dtype {
    case .float32: pointer(Float.self).pointee.number
    case .int32: pointer(Int32.self).pointee.number
    case .int64: pointer(Int64.self).pointee.number
    }
  }

  /// The values in row-major order, converted to `Element`.
  public func array<Element: TensorElement>(of _: Element.Type = Element.self) -> [Element] {
    let values = contiguousValues()
    func converted<Source: TensorElement>(_: Source.Type) -> [Element] {
      let buffer = UnsafeBufferPointer(start: values.pointer(Source.self), count: count)
      return (buffer as? UnsafeBufferPointer<Element>).map(Array.init)
        ?? buffer.map { Element(number: $0.number) }
    }
    return switch dtype {
    case .float32: converted(Float.self)
    case .int32: converted(Int32.self)
    case .int64: converted(Int64.self)
    }
  }

  /// The values in row-major order as floats.
  public var floats: [Float] { array(of: Float.self) }

  /// Overwrites all values with `value`, in place.
  public func fill(_ value: Float) {
    let source = Tensor(value)
    assign(source, by: "fill")
  }

  /// Overwrites the values with those of `source`, which must broadcast to this shape and have the same type.
  ///
  /// In place and outside the graph: for setting parameters and buffers, not for computing with.
  public func assign(_ source: Tensor) { assign(source, by: "assign") }

  private func assign(_ source: Tensor, by operation: StaticString) {
    check(
      source.dtype == dtype, "\(operation): values of type \(source.dtype) for a \(dtype) tensor")
    check(
      broadcast(shape, source.shape, operation) == shape,
      "\(operation): shape \(source.shape) does not broadcast to \(shape)")
    storage.markWritten(by: operation)
    switch dtype {
    case .float32, .int32: copyElements(UInt32.self, from: source)
    case .int64: copyElements(UInt64.self, from: source)
    }
  }

  private func copyElements<Word: BitwiseCopyable>(_: Word.Type, from source: Tensor) {
    let to = storage.pointer.assumingMemoryBound(to: Word.self) + offset
    let from = source.storage.pointer.assumingMemoryBound(to: Word.self) + source.offset
    let plan = RunPlan<2>(shape, [strides, source.strides(broadcastTo: shape)])
    plan.forEachRun { count, strides, offsets in
      let (to, from) = (to + offsets[0], from + offsets[1])
      if strides[0] == 1, strides[1] == 1 {
        to.update(from: from, count: count)
      } else {
        for index in 0..<count { to[index * strides[0]] = from[index * strides[1]] }
      }
    }
  }

  /// This tensor with elements of type `dtype`; itself if they are. Outside the graph.
  public func converted(to dtype: DType) -> Tensor {
    switch dtype {
    case self.dtype: self
    case .float32: Tensor(array(of: Float.self), shape: shape)
    case .int32: Tensor(array(of: Int32.self), shape: shape)
    case .int64: Tensor(array(of: Int64.self), shape: shape)
    }
  }
}
