from ops.sandbox.cli import main

main()
