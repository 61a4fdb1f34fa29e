-- When people work on links between offices, and which monthly reports of them were made. Retention:
-- `link-days` after a window is over for good, and after a report was made.

CREATE TABLE link_maintenance (
    number BIGINT NOT NULL PRIMARY KEY,
    planned_at BIGINT NOT NULL,
    planned_by TEXT NOT NULL,
    over_at BIGINT,
    plan TEXT NOT NULL
);
CREATE INDEX link_maintenance_by_age ON link_maintenance (over_at);

CREATE TABLE link_monthly_reports (
    month TEXT NOT NULL PRIMARY KEY,
    claimed_until BIGINT NOT NULL,
    progress TEXT NOT NULL,
    done_at BIGINT
);
CREATE INDEX link_monthly_reports_by_age ON link_monthly_reports (done_at);
