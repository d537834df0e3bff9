package import Communication
import Support

/// `withThreadRanks` with a clock and a network that the test moves itself.
///
/// Expectations belong behind the call, on what it returned: the threads are not the test's.
///
/// - Parameters:
///   - sharingMemory: whether ranks of one host can share memory; without it all goes by message.
///   - clock: what the ranks take for the time; nil: the machine's.
///   - messageDidArrive: called with a rank that has sent a message to other hosts, on the thread
///     that waits for it until this returns.
package func withSimulatedRanks<Value: Sendable>(
  _ size: Int, ranksPerHost: [Int]? = nil, sharingMemory: Bool = true,
  clock: StoppedClock? = nil,
  messageDidArrive: @escaping @Sendable (_ rank: Int) -> Void = { _ in },
  _ body: @escaping @Sendable (any Communicator) throws -> Value
) -> [Value] {
  let job = ThreadJob(
    ranksPerHost: ranksPerHost ?? [size], sharingMemory: sharingMemory,
    clock: { clock?.read(on: $0) ?? monotonicNanoseconds() }, messageDidArrive: messageDidArrive)
  return withThreadRanks(of: job, body)
}
