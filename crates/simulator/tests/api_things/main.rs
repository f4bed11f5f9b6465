//! The platform's API as a double, second half: menus, followers, files, articles, codes. What is written is read again, seen on the
//! phone or pushed; what the platform refuses is refused with its code.

mod articles;
mod codes;
#[path = "../common/mod.rs"]
mod common;
mod desk;
mod every;
mod files;
mod followers;
mod menus;
mod stage;
