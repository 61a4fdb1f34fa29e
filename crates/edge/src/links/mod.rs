//! The links between offices, as this machine's kernel uses them.

mod switch;

pub use switch::{
    Carrier, Change, Foreign, Hand, LinkEvent, Movement, NextHop, Object, Outline, Path, Plan,
    PlanError, Reconciled, Route, Rule, Standing, Switch, SwitchError, Target, Verb, Watch,
};
