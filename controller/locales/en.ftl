# Words of alerts, reports and maps about links between offices.
language-name = English
language-direction = ltr

# Causes, as a part of a sentence.
cause-breach = visitors reach offices
cause-hub = hub lost
cause-power = power lost
cause-site-dark = site dark
cause-radio-fade = radio fading
cause-provider = provider fault
cause-carrier = cable or device
cause-one-way = one direction lost
cause-cut = path cut
cause-far-firewall = far firewall
cause-unfit = backup unfit
cause-quality = poor quality
cause-flapping = flapping
cause-maintenance = maintenance
cause-agent-silent = agent silent
cause-unknown = path lost
cause-target = no answer

# Alerts: one SMS each. id: number of the incident, place: line or site, cause: as above, time: of the
# wall clock, more: how many other lines.
alert-raised = Sabeel #{ $id }: { $cause }, { $place }, since { $time }
alert-escalated = Sabeel #{ $id } NOT TAKEN: { $cause }, { $place }, since { $time }
alert-refined = Sabeel #{ $id } WORSE: { $cause }, { $place }, since { $time }
alert-resolved = Sabeel #{ $id } OVER: { $cause }, { $place }, { $time }
alert-digest = Sabeel: incidents { $n }, open { $open }, last #{ $id } { $cause }, { $place }
alert-digest-open = #{ $id } { $cause }, { $place }, since { $time }
alert-digest-over = #{ $id } { $cause }, { $place }, { $time } to { $end }
alert-places = { $place } +{ $more }

# The monthly report.
report-title = Links between offices
report-of = { $city }, { $month }
report-made = Made { $time }, times of { $zone }
report-mail = Links between offices of { $city }, { $month }: the report is attached. Availability of the offices:
report-offices = Offices
report-services = Services
report-lines = Links
report-causes = Downtime by cause
report-outages = Outages
report-exercises = Exercises
report-latency = Round trips per day
report-loss = Loss per day
report-timeline = Outages over the month
report-bars = Availability
report-map = Map
report-clock-steps = Clocks that jumped
report-clock-steps-note = What a clock jumped over counts as unknown, not as an outage.
report-note = Maintenance is not counted. Unknown is time in which the agent was silent and nobody said that the link was down. Availability is up by up and down.
report-none = None.
column-office = Office
column-line = Link
column-service = Service
column-availability = Availability
column-down = Down
column-outages = Outages
column-mttr = Time to repair
column-mtbf = Between failures
column-backup = On backup
column-readiness = Backup proven
column-unknown = Unknown
column-maintenance = Maintenance
column-cause = Cause
column-share = Share
column-result = Result
column-details = Details
column-from = From
column-until = Until
column-time = Duration
column-by = Step
legend-median = median
legend-p95 = 95 of 100
legend-p99 = 99 of 100
legend-loss = lost
going-on = goes on
exercise-passed = passed
exercise-failed = not passed
exercise-refused = not run: the backup would not have carried the office
map-title = Map of the links
state-up = up
state-degraded = degraded
state-down = down
state-maintenance = maintenance
state-unknown = unknown
