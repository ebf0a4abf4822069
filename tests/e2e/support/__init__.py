"""What the end-to-end tests stand on: homes, servers, namespaces and the program itself."""
