#if MPI
import CMPI
import Elements

/// Reduces `count` floats of the narrow type `dtype` over the ranks of `communicator`, in Float32,
/// and rounds each result once. MPI knows no such numbers; a type and an operation of our own would
/// round at every hop.
///
/// Each rank is sent one piece of everybody's values, reduces it in the order of the ranks, and sends
/// the result to all: as much travels as in the best all-reduce for large buffers.
func reduceNarrow(
  _ values: UnsafeMutableRawPointer, _ count: Int, _ dtype: DType, _ operation: ReductionOperation,
  over communicator: MPI_Comm?, _ require: (Int32) -> Void
) {
  var size: Int32 = 0
  require(MPI_Comm_size(communicator, &size))
  let ranks = Int(size)
  guard ranks > 1, count > 0 else { return }
  let piece = (count + ranks - 1) / ranks
  let (bytes, all) = (piece * dtype.size, piece * ranks * dtype.size)
  let mine = UnsafeMutableRawPointer.allocate(byteCount: 2 * all, alignment: 64)
  defer { mine.deallocate() }
  let theirs = mine + all
  mine.copyMemory(from: values, byteCount: count * dtype.size)
  (mine + count * dtype.size).initializeMemory(
    as: UInt8.self, repeating: 0, count: all - count * dtype.size)
  let length = Int32(bytes)
  require(MPI_Alltoall(mine, length, cmpi_byte(), theirs, length, cmpi_byte(), communicator))
  reducePieces(
    ElementView(theirs, dtype), piece, ranks, operation, into: ElementView(mine, dtype))
  require(MPI_Allgather(mine, length, cmpi_byte(), theirs, length, cmpi_byte(), communicator))
  values.copyMemory(from: theirs, byteCount: count * dtype.size)
}

/// Reduces `ranks` pieces of `count` values, one behind the other, a block at a time.
private func reducePieces(
  _ pieces: ElementView, _ count: Int, _ ranks: Int, _ operation: ReductionOperation,
  into result: ElementView
) {
  let size = 1024
  let combine = operation.onFloats(Float.self)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * size) { room in
    guard let sum = room.baseAddress else { return }
    let other = sum + size
    for start in stride(from: 0, to: count, by: size) {
      let some = min(size, count - start)
      pieces.load(start, some, into: sum)
      for rank in 1..<ranks {
        pieces.load(rank * count + start, some, into: other)
        if operation == .sum {
          for index in 0..<some { sum[index] += other[index] }
        } else {
          for index in 0..<some { sum[index] = combine(sum[index], other[index]) }
        }
      }
      result.store(start, some, from: sum)
    }
  }
}
#endif
