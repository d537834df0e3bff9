import Communication
import Glibc
import Lockstep

/// What goes wrong in `faultSchedule`, on which rank and in which step: `FAULT=rank:1,step:3,kind:kill`.
private struct Fault {
  let rank: Int
  let step: Int
  let kind: String

  init() {
    let text = getenv("FAULT").map { String(cString: $0) } ?? ""
    var fields: [Substring: String] = [:]
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: ":")
      check(parts.count == 2, "FAULT: \(pair) is not name:value")
      fields[parts[0]] = String(parts[1])
    }
    guard let rank = fields["rank"].flatMap({ Int($0) }),
      let step = fields["step"].flatMap({ Int($0) }), let kind = fields["kind"]
    else { stop("FAULT is '\(text)'; it must be rank:R,step:S,kind:K") }
    (self.rank, self.step, self.kind) = (rank, step, kind)
  }

  /// Happens if its time has come; true: the rank is to return from its body.
  func strike(_ world: any Communicator, step: Int, _ model: Linear) throws -> Bool {
    guard world.rank == rank, step == self.step else { return false }
    switch kind {
    case "throw": throw InjectedFailure()
    case "trap":
      let numbers = [0, 1, 2]
      print(numbers[step + numbers.count])
    case "kill": kill(getpid(), SIGKILL)
    case "stop": kill(getpid(), SIGSTOP)
    case "return": return true
    case "hang":
      world.note(.dataLoading, step: step)  // the hang
      pauseForEver()
    case "skip": world.barrier()  // one more than the others
    case "flip": flipBit(model.weight)
    default: stop("FAULT: no kind \(kind)")
    }
    return false
  }
}

/// Flips the lowest bit of one element.
private func flipBit(_ tensor: Tensor) {
  noGrad {
    let element = tensor.floats[5]
    tensor[1, 2] = Tensor(Float(bitPattern: element.bitPattern ^ 1))
  }
}

let scheduleChecks = [
  NamedCheck("faultSchedule") { world in
    let fault = Fault()
    let model = Linear(3, 4, generator: Generator(seed: 1))
    model.averageGradients(over: world).comparisonInterval = 2
    let optimizer = SGD(model.parameters(), learningRate: 0.1)
    let x = Tensor.full([2, 3], Float(world.rank + 1))
    for step in 1...20 {
      if try fault.strike(world, step: step, model) { return }
      optimizer.zeroGrad()
      model(x).mean().backward()
      optimizer.step()
      _ = world.sum([Double(step)])  // the loss
    }
    world.barrier()
  },
  NamedCheck("differentFacts") { world in
    world.requireEqual("the host's type", "same")
    let steps = isLast(world) ? "12" : "10"
    world.requireEqual(
      [("seed", "7"), ("steps", steps), ("rank", "\(world.rank)")], of: "the runs")
  },
  NamedCheck("straggler") { world in
    let window = world.makeSharedWindow(byteCount: 64)
    let expected = "rank \(world.size - 1) is slow: the others waited "
    // Other work on the machine may make any rank late, but not for ever.
    repeat {
      if isLast(world) { pause(milliseconds: 20) }
      window?.barrier()
      window?.barrier()
    } while world.stragglerReport(over: 0.5, beyond: 0.1)?.hasPrefix(expected) != true
  },
]
