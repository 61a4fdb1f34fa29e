-- MySQL dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `nas`;
CREATE TABLE `nas` (
  `id` int(10) NOT NULL AUTO_INCREMENT,
  `nasname` varchar(128) NOT NULL,
  `shortname` varchar(32) DEFAULT NULL,
  `type` varchar(30) DEFAULT 'other',
  `ports` int(5) DEFAULT NULL,
  `secret` varchar(60) NOT NULL DEFAULT 'secret',
  `server` varchar(64) DEFAULT NULL,
  `community` varchar(50) DEFAULT NULL,
  `description` varchar(200) DEFAULT 'RADIUS Client',
  PRIMARY KEY (`id`),
  KEY `nasname` (`nasname`)
) ENGINE=InnoDB;
LOCK TABLES `nas` WRITE;
INSERT INTO `nas` VALUES (1,'192.0.2.1','Kiosk','other',0,'the kiosk\'s own secret','','',''),(2,'gate.example','gate','other',0,'another',NULL,NULL,NULL);
UNLOCK TABLES;
CREATE TABLE `radacct` (
  `radacctid` bigint(21) NOT NULL AUTO_INCREMENT,
  `acctsessionid` varchar(64) NOT NULL DEFAULT '',
  `acctuniqueid` varchar(32) NOT NULL DEFAULT '',
  `username` varchar(64) NOT NULL DEFAULT '',
  `nasipaddress` varchar(15) NOT NULL DEFAULT '',
  `acctstarttime` datetime DEFAULT NULL,
  `acctupdatetime` datetime DEFAULT NULL,
  `acctstoptime` datetime DEFAULT NULL,
  `acctsessiontime` int(12) unsigned DEFAULT NULL,
  `acctinputoctets` bigint(20) DEFAULT NULL,
  `acctoutputoctets` bigint(20) DEFAULT NULL,
  `calledstationid` varchar(50) NOT NULL DEFAULT '',
  `callingstationid` varchar(50) NOT NULL DEFAULT '',
  `acctterminatecause` varchar(32) NOT NULL DEFAULT '',
  `framedipaddress` varchar(15) NOT NULL DEFAULT '',
  PRIMARY KEY (`radacctid`),
  UNIQUE KEY `acctuniqueid` (`acctuniqueid`)
) ENGINE=InnoDB;
INSERT INTO `radacct` VALUES (1,'65640000000001','0123456789abcdef0123456789abcdef','02-00-5E-10-00-01','192.0.2.1','@BEGIN','@END','@END',600,1000,10000,'AA-00:Park','02-00-5E-10-00-01','Idle-Timeout','10.2.0.7'),(2,'65640000000002','f123456789abcdef0123456789abcdef','02-00-5E-10-00-01','192.0.2.1','@BEGIN','@UPDATE',NULL,900,2000,20000,'','02-00-5E-10-00-01','',''),(3,'odd','e123456789abcdef0123456789abcdef','bob','192.0.2.1','@BEGIN',NULL,NULL,1,1,1,'','bob','','');
CREATE TABLE `radcheck` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT,
  `username` varchar(64) NOT NULL DEFAULT '',
  `attribute` varchar(64) NOT NULL DEFAULT '',
  `op` char(2) NOT NULL DEFAULT '==',
  `value` varchar(253) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `radcheck` VALUES (1,'0551234567','Cleartext-Password',':=','hello'),(2,'02:00:5e:10:00:01','Auth-Type',':=','Accept'),(3,'bob','Cleartext-Password',':=','hello'),(4,'02:00:5e:10:00:02','Auth-Type',':=','Accept');
CREATE TABLE `radreply` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT,
  `username` varchar(64) NOT NULL DEFAULT '',
  `attribute` varchar(64) NOT NULL DEFAULT '',
  `op` char(2) NOT NULL DEFAULT '=',
  `value` varchar(253) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `radreply` VALUES (1,'02:00:5e:10:00:01','WISPr-Bandwidth-Max-Down','=','20000000');
CREATE TABLE `userinfo` (
  `id` int(32) NOT NULL AUTO_INCREMENT,
  `username` varchar(128) DEFAULT NULL,
  `mobilephone` varchar(200) DEFAULT NULL,
  `creationdate` datetime DEFAULT '0000-00-00 00:00:00',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `userinfo` VALUES (1,'02:00:5e:10:00:01','055 123 4567','2026-01-02 03:04:05');
