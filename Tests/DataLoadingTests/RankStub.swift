import Communication
import Diagnostics

/// One of several ranks that exchange nothing: all that a loader needs to know of a job.
final class RankStub: Communicator {
  let rank: Int
  let size: Int
  var localRank: Int { rank }
  var localSize: Int { size }
  var leastLocalSize: Int { size }
  let allowsThreads = true
  let host = "test"
  var batchShare: BatchShare?
  let profile = StepProfile()

  init(rank: Int, size: Int) {
    self.rank = rank
    self.size = size
  }

  func allReduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation
  ) { stop("a loader exchanges nothing") }

  func allReduceAcrossHosts<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, of count: Int
  ) { stop("a loader exchanges nothing") }

  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    stop("a loader exchanges nothing")
  }

  func allGather(_ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer) {
    stop("a loader exchanges nothing")
  }

  func barrier() { stop("a loader exchanges nothing") }

  func makeSharedWindow(byteCount: Int) -> SharedWindow? { nil }

  func abort(_ code: ExitCode) -> Never { stop("a loader ends no job") }
}
