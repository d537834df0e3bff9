import CKernels
import CMPI

/// Reduces `count` Float16 values over the ranks of `communicator`, in Float32, and rounds each
/// result once. MPI knows no such numbers; a type and an operation of our own would round at every
/// hop.
///
/// Each rank is sent one piece of everybody's values, reduces it in the order of the ranks, and sends
/// the result to all: as much travels as in the best all-reduce for large buffers.
func reduceHalves(
  _ values: UnsafeMutablePointer<UInt16>, _ count: Int, _ operation: ReductionOperation,
  over communicator: MPI_Comm?, _ require: (Int32) -> Void
) {
  var size: Int32 = 0
  require(MPI_Comm_size(communicator, &size))
  let ranks = Int(size)
  guard ranks > 1, count > 0 else { return }
  let piece = (count + ranks - 1) / ranks
  let bytes = Int32(piece * MemoryLayout<UInt16>.size)
  withHalves(2 * piece * ranks) { mine in
    let theirs = mine + piece * ranks
    mine.update(from: values, count: count)
    (mine + count).update(repeating: 0, count: piece * ranks - count)
    require(
      MPI_Alltoall(mine, bytes, cmpi_byte(), theirs, bytes, cmpi_byte(), communicator))
    reducePieces(theirs, piece, ranks, operation, into: mine)
    require(
      MPI_Allgather(mine, bytes, cmpi_byte(), theirs, bytes, cmpi_byte(), communicator))
    values.update(from: theirs, count: count)
  }
}

/// Reduces `ranks` pieces of `count` values, one behind the other, a block at a time.
private func reducePieces(
  _ pieces: UnsafePointer<UInt16>, _ count: Int, _ ranks: Int, _ operation: ReductionOperation,
  into result: UnsafeMutablePointer<UInt16>
) {
  let size = 1024
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * size) { room in
    guard let sum = room.baseAddress else { return }
    let other = sum + size
    for start in stride(from: 0, to: count, by: size) {
      let some = min(size, count - start)
      lk_widen(LK_FLOAT16, 1, some, sum, some, pieces + start, some)
      for rank in 1..<ranks {
        lk_widen(LK_FLOAT16, 1, some, other, some, pieces + rank * count + start, some)
        switch operation {
        case .sum: lk_add(some, sum, 1, sum, 1, other, 1)
        case .minimum: lk_minimum(some, sum, 1, sum, 1, other, 1)
        case .maximum: lk_maximum(some, sum, 1, sum, 1, other, 1)
        }
      }
      lk_narrow(LK_FLOAT16, 1, some, result + start, some, sum, some)
    }
  }
}

private func withHalves(_ count: Int, _ body: (UnsafeMutablePointer<UInt16>) -> Void) {
  let values = UnsafeMutablePointer<UInt16>.allocate(capacity: count)
  values.initialize(repeating: 0, count: count)
  defer { values.deallocate() }
  body(values)
}
