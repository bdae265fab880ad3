import DSLCommands
import Glibc

exit(await DSLProgram.run(Array(CommandLine.arguments.dropFirst())))
