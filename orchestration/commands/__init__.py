"""The commands of `netvexa`, one module a group. They read arguments, call the work, and print; they decide nothing."""
