#if MPI
import CMPI
import Diagnostics

/// Messages between two ranks, by which links are measured. Training sends none.
extension MPICommunicator {
  /// Sends `bytes` to rank `peer`, which receives as many; may wait until it does.
  package func send(_ bytes: UnsafeRawBufferPointer, to peer: Int) {
    checkPeer(peer, "send")
    member.require(
      "MPI_Send",
      MPI_Send(
        bytes.baseAddress, Int32(bytes.count), cmpi_byte(), Int32(peer), 0, handle))
  }

  /// Fills `bytes` with those that rank `peer` sends; waits for them.
  package func receive(_ bytes: UnsafeMutableRawBufferPointer, from peer: Int) {
    checkPeer(peer, "receive")
    var status = MPI_Status()
    member.require(
      "MPI_Recv",
      MPI_Recv(
        bytes.baseAddress, Int32(bytes.count), cmpi_byte(), Int32(peer), 0, handle,
        &status))
  }

  private func checkPeer(_ peer: Int, _ call: String) {
    check(
      peer != rank && (0..<size).contains(peer),
      "\(call): rank \(peer) is not another one of \(size) rank(s)")
  }
}
#endif
