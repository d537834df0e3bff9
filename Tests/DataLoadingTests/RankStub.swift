import DataLoading
import Steps

/// One of several ranks: all that a loader needs to know of a job.
final class RankStub: StepMember {
  let rank: Int
  let size: Int
  let step = StepContext()

  init(rank: Int, size: Int) {
    self.rank = rank
    self.size = size
  }

  func note(_ phase: Phase, step: Int?) {}
}
