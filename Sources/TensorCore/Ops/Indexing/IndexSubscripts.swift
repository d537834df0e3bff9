import Diagnostics
import Elements

extension Tensor {
  /// With indices (int64 or int32, of any shape): the elements along the first axis that they name,
  /// negative ones counted from the end; the result has the shape of the indices followed by the
  /// other sizes. With a mask (bool): those that it is true for, along one axis; the mask has the
  /// shape of the leading axes. Both are copies.
  ///
  /// Assigning overwrites those elements with a tensor that broadcasts to them, in place as for
  /// other subscripts; of an element that is named several times the last value stays.
  public subscript(_ indices: Tensor) -> Tensor {
    get {
      if indices.dtype == .bool {
        return joiningAxes(of: indices).taking(indices.positionsOfTrue(), 0, "subscript")
      }
      let places = places(indices)
      return taking(places.reshaped([-1]), 0, "subscript")
        .reshaped(indices.shape.followed(by: shape.dropFirst()))
    }
    set {
      if indices.dtype == .bool {
        requireLeadingAxes(of: indices)
        let places = indices.positionsOfTrue()
        put(newValue, at: places, joining: indices.axisCount, as: [places.count])
      } else {
        put(newValue, at: places(indices).reshaped([-1]), joining: 1, as: indices.shape)
      }
    }
  }

  /// Overwrites the elements at `places`, counted along the first `axes` axes, with `source`, which
  /// broadcasts to `indexShape` followed by the sizes of the other axes.
  private func put(_ source: Tensor, at places: Tensor, joining axes: Int, as indexShape: Shape) {
    let rest = shape.dropFirst(axes)
    let wide = indexShape.followed(by: rest)
    check(
      broadcast(wide, source.shape, "subscript") == wide,
      "subscript: shape \(source.shape) does not broadcast to the elements of shape \(wide)")
    requireDistinctElements("subscript")
    let rowShape = Shape([places.count]).followed(by: rest)
    let joinedShape = Shape([shape[..<axes].reduce(1, *)]).followed(by: rest)
    /// Writes `rows`, which broadcast to `rowShape`, to `target`, which has this shape.
    func write(_ rows: Tensor, to target: Tensor) {
      // A reshaped view writes through; a copy has to be written back.
      let joined = target.detached().reshaped(joinedShape)
      IndexedRuns(rows: rows.expanded(to: rowShape), places, whole: joined).fillWhole()
      if joined.storage !== target.storage {
        target.assign(elementsOf: joined.reshaped(target.shape))
      }
    }
    let values = source.detached().converted(to: dtype).expanded(to: wide)
    let rows = (values.storage === storage ? values.cloned() : values).reshaped(rowShape)
    overwrite(
      "subscript", with: source,
      clear: { write(Tensor.zeros([], $0.dtype), to: $0) },
      share: { $0.reshaped(joinedShape).taking(places, 0, "subscript").reshaped(wide) },
      write: { write(rows, to: self) })
  }

  private func places(_ indices: Tensor) -> Tensor {
    check(axisCount > 0, "subscript: indices for a tensor of shape []")
    return indices.checkedPlaces(of: shape[0], 0, "subscript", countingFromEnd: true)
  }

  /// This tensor with the axes that `mask` has joined into one.
  private func joiningAxes(of mask: Tensor) -> Tensor {
    requireLeadingAxes(of: mask)
    return reshaped(Shape([mask.count]).followed(by: shape.dropFirst(mask.axisCount)))
  }

  private func requireLeadingAxes(of mask: Tensor) {
    check(
      mask.axisCount <= axisCount && mask.shape == Shape(shape[..<mask.axisCount]),
      "subscript: a mask of shape \(mask.shape) for shape \(shape); its sizes must be the first")
  }

  /// The numbers of the elements that are true, in row-major order.
  private func positionsOfTrue() -> Tensor {
    let values = contiguousValues()
    let flags = UnsafeBufferPointer(start: values.pointer(Bool.self), count: count)
    var size = 0
    for flag in flags where flag { size += 1 }
    let result = Tensor(uninitialized: [size], .int64)
    var next = result.pointer(Int64.self)
    for (position, flag) in flags.enumerated() where flag {
      next.pointee = Int64(position)
      next += 1
    }
    return result
  }
}

extension Shape {
  /// These sizes and then `rest`.
  fileprivate func followed(by rest: some Collection<Int>) -> Shape {
    var result = self
    for size in rest { result.append(size) }
    return result
  }
}
