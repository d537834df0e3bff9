// Runs the checks named on the command line, each in its own `withCommunicator`, as one rank of a
// job that the test suite starts under mpirun; or one of the programs that start MPI themselves. A
// check that finds something wrong ends the job with a sentence.
import Communication
import Diagnostics
import Glibc
import Synchronization

let registry = [
  collectiveChecks, sessionChecks, faultChecks, watchChecks, scheduleChecks, trainingChecks,
  accumulationChecks, hostChecks, coreChecks, partChecks, endingChecks,
].flatMap { $0 }

let names = CommandLine.arguments.dropFirst()
#if MPI
if let hosts = getenv("PRETENDED_HOSTS").flatMap({ Int(String(cString: $0)) }) {
  PretendedHosts.count.store(hosts, ordering: .relaxed)
}
if let name = names.first, let program = programs[name] ?? edgePrograms[name] {
  try program()
  exit(0)
}
#endif
check(!names.isEmpty, "MPIChecks: name one or more of \(registry.map(\.name))")
for name in names {
  guard let named = registry.first(where: { $0.name == name }) else {
    stop("MPIChecks: \(name) is not one of \(registry.map(\.name))")
  }
  try withCommunicator { world in
    try named.body(world)
    print("rank \(world.rank) passed \(name)")
  }
}
