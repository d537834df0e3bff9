import Diagnostics
public import Elements
import Kernels

extension Tensor {
  /// The value of a tensor of one element, as a double. Stops for others.
  public func item() -> Double {
    check(count == 1, "item: a tensor of shape \(shape) holds \(count) values; item() takes one")
    return number(at: 0)
  }

  private func number(at index: Int) -> Double {
    func read<Element: TensorElement>(_: Element.Type) -> Double {
      (base(of: Element.self) + index).pointee.number
    }
    return dtype == .float32 ? read(Float.self) : read(dtype.elementType)
  }

  /// A copy of the values in row-major order, converted to `Element`.
  public func array<Element: TensorElement>(of _: Element.Type = Element.self) -> [Element] {
    let values = detached().converted(to: Element.dtype).contiguousValues()
    return Array(UnsafeBufferPointer(start: values.pointer(Element.self), count: count))
  }

  /// A copy of the values in row-major order as floats.
  public var floats: [Float] { array(of: Float.self) }

  /// Overwrites all values with `value`, in place.
  ///
  /// Part of the graph, as PyTorch's `fill_`: no gradient flows to what a result of an operation was
  /// computed from before. Stops then for views. A parameter is set outside the graph. Stops where
  /// this type cannot hold the value; integers lose its fraction.
  public func fill(_ value: Float) {
    dtype.requireRoom(for: Double(value), "fill")
    replace("fill", by: Tensor(value))
  }

  /// Overwrites the values with those of `source`, which must broadcast to this shape, in place; they
  /// are converted to this type. `source` may be another view of the same memory.
  ///
  /// Part of the graph where this tensor or `source` is, as PyTorch's `copy_`: the gradient flows to
  /// `source`, and not to what this tensor was computed from before. Stops then for views, and for
  /// parameters where `source` requires a gradient. From other values a parameter is set outside the
  /// graph, as under `noGrad`.
  public func assign(_ source: Tensor) {
    check(
      broadcast(shape, source.shape, "assign") == shape,
      "assign: shape \(source.shape) does not broadcast to \(shape)")
    requireDistinctElements("assign")
    replace("assign", by: source)
  }

  private func replace(_ name: StaticString, by source: Tensor) {
    if node is Leaf, source.node == nil {
      storage.markWritten(by: name)
      return assign(elementsOf: source)
    }
    overwrite(
      name, with: source, clear: { $0.clear() }, share: { $0 },
      write: { assign(elementsOf: source) })
  }

  package func assign(elementsOf source: Tensor) {
    let source = source.apart(from: self)
    let strides: InlineArray<2, Shape> = [strides, source.strides(broadcastTo: shape)]
    guard source.dtype == dtype else {
      return RunPlan<2>(shape, strides).forEachRunInAnyOrder { count, strides, offsets in
        convert(
          count: count, view(from: offsets[0], strides[0]),
          source.view(from: offsets[1], strides[1]))
      }
    }
    switch dtype.word {
    case .one: copyElements(UInt8.self, from: source, strides)
    case .two: copyElements(UInt16.self, from: source, strides)
    case .four: copyElements(UInt32.self, from: source, strides)
    case .eight: copyElements(UInt64.self, from: source, strides)
    }
  }

  private func copyElements<Word: BitwiseCopyable>(
    _: Word.Type, from source: Tensor, _ strides: InlineArray<2, Shape>
  ) {
    let (to, from) = (base(of: Word.self), source.base(of: Word.self))
    RunPlan<2>(shape, strides).forEachRunInAnyOrder { count, strides, offsets in
      let (to, from) = (to + offsets[0], from + offsets[1])
      if strides[0] == 1, strides[1] == 1 {
        to.update(from: from, count: count)
      } else {
        for index in 0..<count { to[index * strides[0]] = from[index * strides[1]] }
      }
    }
  }

  /// A copy with elements of type `dtype`; this tensor itself if its elements are of that type.
  ///
  /// Floats become integers by rounding toward zero; what is too large becomes the largest integer,
  /// and NaN 0. Integers that do not fit lose their upper bits. Halves are rounded to nearest, ties
  /// to even. Booleans are what is not 0.
  public func converted(to dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let result = Tensor(uninitialized: shape, dtype)
    result.assign(elementsOf: self)
    guard dtype.isFloatingPoint else { return result }
    return result.recorded("converted", [edge { $0 }])
  }
}
