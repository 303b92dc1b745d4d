//! The local Azure: the services that the worker talks to, speaking their real protocols over loopback sockets,
//! with rules and error texts as documented. It has its own wire types and never imports the worker's, so that drift shows.
pub mod estate;
pub mod resource_manager;
